//go:build race

package e2e

// raceDetector tells whether the programs are built with it, too.
const raceDetector = true
