package file

// WithLimits makes limits small enough for tests to reach them.
func WithLimits(f *Files, batchRows, recordBytes int) *Files {
	f.limits.batchRows, f.limits.recordBytes, f.limits.bufferBytes = batchRows, recordBytes, 2*recordBytes
	return f
}

// WithPages makes pages of a discovery small.
func WithPages(f *Files, tables int) *Files {
	f.limits.pageTables = tables
	return f
}

// The parsers of single values, for fuzzing.
var (
	ParseInt       = parseInt
	ParseFloat     = parseFloat
	ParseDate      = parseDate
	ParseTimestamp = parseTimestamp
)
