// Package service runs the three services: the command API, the projector and
// the webhook dispatcher. Each is one Run that ends with its context; the three
// commands run one each, `tallystick up` runs all three in one process.
//
// They share only the log and the database. Each may be stopped, restarted or lost at any
// time.
package service
