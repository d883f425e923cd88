// Package service runs the three services: the command API, the projector and
// the webhook dispatcher. Each is one Run that ends with its context; the three
// commands run one each, `tallystick up` runs all three in one process.
//
// They share nothing but the log and the database, so any of them may be
// stopped, restarted or lost at any time, alone or together.
package service
