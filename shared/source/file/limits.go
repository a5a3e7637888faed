package file

const (
	kib = 1 << 10
	mib = 1 << 20
)

// limits bound memory and work. Tests make them small; everybody else uses defaults.
type limits struct {
	batchRows    int   // rows of a batch
	recordBytes  int   // a text record that does not end within so many bytes is rejected
	bufferBytes  int   // of decoded text held at a time; at least twice recordBytes
	sampleBytes  int   // decoded text of a file that is looked at for types
	sampleFiles  int   // text files of a table that are looked at for types
	footerFiles  int   // Parquet files of a table whose footer discovery reads
	pageTables   int   // tables of a page of a discovery
	targetBytes  int64 // wanted size of a split when none is asked for
	parallel     int   // tables, or files of a table, that are looked into at a time
	footers      int   // Parquet footers that a plan reads at a time
	parquetBatch int64 // bytes of a record batch that Parquet decoding aims at
}

func defaults() limits {
	return limits{
		batchRows:    8192,
		recordBytes:  1 * mib,
		bufferBytes:  2 * mib,
		sampleBytes:  2 * mib,
		sampleFiles:  4,
		footerFiles:  32,
		pageTables:   100,
		targetBytes:  64 * mib,
		parallel:     8,
		footers:      32,
		parquetBatch: 16 * mib,
	}
}
