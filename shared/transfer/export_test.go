package transfer

// Ahead is ahead, for its test.
var Ahead = ahead

// ReadAhead is readAhead.
const ReadAhead = readAhead
