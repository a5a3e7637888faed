package datafile

import (
	"bytes"
	"unicode/utf8"
)

// boundLength is how much of a text or of bytes a bound keeps: the default of
// Iceberg's write.metadata.metrics.default, truncate(16).
const boundLength = 16

// truncateText keeps the first characters of a text. An upper bound that lost some
// has its last character that can be raised raised, so that it still is one; when
// there is none, there is no bound. Neither is there one of an empty text: readers
// differ on what bytes of no length mean.
func truncateText(value []byte, up bool) []byte {
	length := 0
	for range boundLength {
		if length == len(value) {
			return known(value)
		}
		_, size := utf8.DecodeRune(value[length:])
		length += size
	}
	if length == len(value) || !up {
		return known(value[:length])
	}
	for prefix := value[:length]; len(prefix) > 0; {
		last, size := utf8.DecodeLastRune(prefix)
		prefix = prefix[:len(prefix)-size]
		if last < utf8.MaxRune {
			return utf8.AppendRune(bytes.Clone(prefix), after(last))
		}
	}
	return nil
}

// after is the next code point that UTF-8 can have: surrogates are none.
func after(r rune) rune {
	if r == 0xd7ff {
		return 0xe000
	}
	return r + 1
}

func truncateBytes(value []byte, up bool) []byte {
	if len(value) <= boundLength || !up {
		return known(value[:min(len(value), boundLength)])
	}
	prefix := bytes.Clone(value[:boundLength])
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			prefix[i]++
			return prefix[:i+1]
		}
	}
	return nil
}

func known(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	return bytes.Clone(value)
}
