package file

import (
	"net/url"
	"path"
	"strings"
)

// The formats of tables.
const (
	formatCSV     = "csv"
	formatNDJSON  = "ndjson"
	formatParquet = "parquet"
)

// layout maps keys below a prefix to tables.
type layout struct {
	prefix string // "" or ends with a slash
	root   string // name of the table of the files directly below prefix
	flat   bool   // k=v directories are directories like any other
}

func newLayout(prefix string) layout {
	prefix = strings.Trim(prefix, "/")
	if prefix == "" {
		return layout{root: "root"}
	}
	return layout{prefix: prefix + "/", root: path.Base(prefix)}
}

// A partition is one k=v directory. NULL is Hive's __HIVE_DEFAULT_PARTITION__.
type partition struct {
	name, value string
	null        bool
}

const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// place is where a data file belongs.
type place struct {
	table      string
	partitions []partition
	format     string
	compressed bool // by the name; the content decides
}

// place returns where a key belongs; false when it is no data file: hidden
// (a name that begins with "_" or "."), a directory marker, or of no known format.
//
// The table is the directory without its trailing k=v directories. A directory
// that has the root table's name is called "./name", so that a name always
// means the same place, whatever else is there.
func (l layout) place(key string) (place, bool) {
	rel, ok := strings.CutPrefix(key, l.prefix)
	if !ok {
		return place{}, false
	}
	dirs := strings.Split(rel, "/")
	name := dirs[len(dirs)-1]
	dirs = dirs[:len(dirs)-1]
	p, ok := formatOf(name)
	if !ok || hidden(name) {
		return place{}, false
	}
	for _, d := range dirs {
		if _, isPartition := l.partition(d); d == "" || (hidden(d) && !isPartition) {
			return place{}, false
		}
	}
	depth := len(dirs)
	for depth > 0 {
		if _, isPartition := l.partition(dirs[depth-1]); !isPartition {
			break
		}
		depth--
	}
	for _, d := range dirs[depth:] {
		part, _ := l.partition(d)
		p.partitions = append(p.partitions, part)
	}
	p.table = l.name(strings.Join(dirs[:depth], "/"))
	return p, true
}

func (l layout) name(dir string) string {
	switch dir {
	case "":
		return l.root
	case l.root:
		return "./" + dir
	}
	return dir
}

// prefixOf is the prefix of all keys of a table, and of others perhaps.
func (l layout) prefixOf(table string) string {
	if table == l.root {
		return l.prefix
	}
	return l.prefix + strings.TrimPrefix(table, "./") + "/"
}

func hidden(name string) bool {
	return strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".")
}

// partition parses a k=v directory.
func (l layout) partition(dir string) (partition, bool) {
	name, value, ok := strings.Cut(dir, "=")
	if !ok || name == "" || l.flat {
		return partition{}, false
	}
	if unescaped, err := url.PathUnescape(name); err == nil {
		name = unescaped
	}
	if value == hiveNull {
		return partition{name: name, null: true}, true
	}
	if unescaped, err := url.PathUnescape(value); err == nil {
		value = unescaped
	}
	return partition{name: name, value: value}, true
}

// formatOf tells a file's format by its name.
func formatOf(name string) (place, bool) {
	name = strings.ToLower(name)
	var p place
	for _, ext := range []string{".gz", ".gzip", ".zst", ".zstd"} {
		if base, ok := strings.CutSuffix(name, ext); ok {
			name, p.compressed = base, true
			break
		}
	}
	switch path.Ext(name) {
	case ".csv":
		p.format = formatCSV
	case ".ndjson", ".jsonl", ".json":
		p.format = formatNDJSON
	case ".parquet":
		p.format = formatParquet
	}
	return p, p.format != ""
}
