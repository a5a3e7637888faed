package catalog

import "github.com/headwaterhq/headwater/shared/source"

// FileSettings are the settings of every platform whose tables are files: how
// to read what the files themselves do not say. All of them have a default that
// decides by looking. Package file reads them.
func FileSettings() []source.Field {
	return []source.Field{
		{
			Name: "csv_delimiter", Title: "CSV delimiter",
			Description: "What stands between two fields: one character, tab, or auto to find it among comma, semicolon, tab and vertical bar.",
			Pattern:     `auto|tab|space|[!-/:-@\[-` + "`" + `{-~]`, Default: "auto", Example: ";", MaxLength: 5,
		},
		{
			Name: "csv_quote", Title: "CSV quote",
			Description: "What stands around a field that holds a delimiter or a line break: one character, none, or auto to find it.",
			Pattern:     `auto|none|[!-/:-@\[-` + "`" + `{-~]`, Default: "auto", Example: `"`, MaxLength: 4,
		},
		{
			Name: "csv_escape", Title: "CSV escape",
			Description: "How a quote is written inside quotes: double, backslash (which also makes \\N NULL), or auto to find out.",
			Allowed:     []string{"auto", "double", "backslash"}, Default: "auto", Example: "double",
		},
		{
			Name: "csv_header", Title: "CSV header",
			Description: "Whether the first record names the columns. Without it they are called column_1, column_2 and so on. auto decides by the types of the values.",
			Allowed:     []string{"auto", "present", "absent"}, Default: "auto", Example: "present",
		},
		{
			Name: "csv_encoding", Title: "CSV encoding",
			Description: "Character encoding. auto takes a byte order mark's, and else UTF-8.",
			Allowed:     []string{"auto", "utf-8", "utf-16", "utf-16le", "utf-16be", "latin1", "windows-1252"}, Default: "auto", Example: "utf-8",
		},
		{
			Name: "csv_null", Title: "CSV NULLs",
			Description: "Texts that mean NULL when they stand without quotes, separated by commas. An empty field without quotes always does.",
			Pattern:     `[^\x00-\x1f\x7f]*`, Example: `\N,NULL,n/a`, MaxLength: 200,
		},
		{
			Name: "hive_partitions", Title: "Hive partitions",
			Description: "Whether directories named key=value are columns of the table above them. off makes them directories like any other.",
			Allowed:     []string{"on", "off"}, Default: "on", Example: "on",
		},
	}
}
