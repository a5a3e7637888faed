package quarantine

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"
)

// Line is a rejected row, as an object has it.
type Line struct {
	RowKey     string `json:"row_key"` // see pipeline.Rejected
	Split      int    `json:"split"`
	From       string `json:"from"`
	Origin     int64  `json:"origin"`
	Rule       string `json:"rule"`
	Column     string `json:"column"`
	Reason     string `json:"reason"`
	Replayable bool   `json:"replayable"` // the rows have it
	Value      string `json:"value"`      // base64, sealed; "" when no single value is at fault

	number int64 // among the object's lines, from 0
}

// text is what an object can say of a text: each byte that is not UTF-8 as U+FFFD, as
// JSON would have it, so that what a value is bound to reads back as it was written.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// bound appends everything that the line's value is bound to.
func (l Line) bound(data []byte, k Key) []byte {
	data = bindRun(data, forValue, k.run)
	data = bind(data, l.RowKey, l.From, l.Rule, l.Column, l.Reason)
	data = binary.AppendVarint(data, l.number)
	data = binary.AppendVarint(data, int64(l.Split))
	data = binary.AppendVarint(data, l.Origin)
	if l.Replayable {
		return append(data, 1)
	}
	return append(data, 0)
}

// Open returns the value at fault, as the source had it; false when there is none.
// A line that is not as it was written is refused.
func (l Line) Open(k Key) (value string, ok bool, err error) {
	if l.Value == "" {
		return "", false, nil
	}
	sealed, err := base64.StdEncoding.DecodeString(l.Value)
	if err != nil {
		return "", false, damaged("a value is not base64")
	}
	plain, err := k.aead.Open(nil, nil, sealed, l.bound(nil, k))
	if err != nil {
		return "", false, damaged("a value is not what was sealed in this place")
	}
	return string(plain), true, nil
}

// Lines reads the lines of an object, in their order.
func Lines(object io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		unzipped, err := gzip.NewReader(object)
		if err != nil {
			yield(Line{}, broken(err))
			return
		}
		lines := bufio.NewReaderSize(unzipped, 64<<10)
		for number := int64(0); ; number++ {
			encoded, err := readLine(lines)
			if err == io.EOF { //nolint:errorlint // only a bare EOF is an end
				return
			}
			line := Line{number: number}
			if err == nil {
				err = json.Unmarshal(encoded, &line)
			}
			if err != nil {
				yield(Line{}, broken(err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}

// readLine returns the next line, io.EOF after the last one.
func readLine(from *bufio.Reader) ([]byte, error) {
	line, err := from.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return whole(line, err)
	}
	long := bytes.Clone(line)
	rest, err := from.ReadBytes('\n')
	return whole(append(long, rest...), err)
}

// whole holds a line against how reading it ended: the last one has a newline too.
func whole(line []byte, err error) ([]byte, error) {
	if errors.Is(err, io.EOF) && len(line) > 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return line, err
}

// broken keeps what a decoder says, which may quote the object, out of the message.
func broken(err error) error {
	return fmt.Errorf("reading quarantine: %w", errors.Join(damaged("its lines cannot be read"), err))
}
