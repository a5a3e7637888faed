// Package asl interprets the Amazon States Language for the laptop stack: exactly the fields this project uses, in the
// JSONata query language, with the events that GetExecutionHistory reports.
//
// Parse refuses, by name and with its JSON path, everything it does not know: a field, a state type, a query language, a
// resource. So a state machine that loads here means the same on AWS, and one that does not load says why.
//
// The rules are those of https://states-language.net/spec.html; where AWS's own executions show more than the
// specification says (wording of causes, previousEventId), the recordings replayed by `make crosscheck` decide.
package asl
