//go:build !linux

package service

func physicalMemory() int64 { return 0 }
