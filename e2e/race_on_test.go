//go:build race

package e2e

// raceDetector reports whether the tests run under the race detector. The programs are
// then built with it, too.
const raceDetector = true
