package asl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// itemReader is ItemReader over one S3 object: a JSON array, or JSON Lines.
type itemReader struct {
	inputType   string
	bucket, key *template
	maxItems    *template
}

func (p *parser) itemReader(o *object) *itemReader {
	raw, ok := o.take("ItemReader")
	if !ok {
		return nil
	}
	r := &itemReader{}
	reader := p.object(o.at("ItemReader"), raw)
	reader.choice("Resource", "arn:aws:states:::s3:getObject")
	if config := reader.require("ReaderConfig"); config != nil {
		c := p.object(reader.at("ReaderConfig"), config)
		if !c.has("InputType") {
			c.problem("", "the field InputType is missing")
		}
		r.inputType = c.choice("InputType", "JSONL", "JSON")
		r.maxItems = c.numeric("MaxItems", 1, 100_000_000)
		p.relocate(r.maxItems, "ItemReader/ReaderConfig/")
		c.close()
	}
	r.bucket, r.key = p.objectArguments(reader, "Key")
	reader.close()
	return r
}

// objectArguments takes Arguments with a Bucket and one more field. The locations are those of AWS's causes.
func (p *parser) objectArguments(o *object, field string) (bucket, other *template) {
	raw := o.require("Arguments")
	if raw == nil {
		return nil, nil
	}
	a := p.object(o.at("Arguments"), raw)
	for _, name := range []string{"Bucket", field} {
		if !a.has(name) {
			a.problem("", "the field %s is missing", name)
		}
	}
	bucket, other = a.scalar("Bucket"), a.scalar(field)
	a.close()
	return bucket, other
}

// relocate puts the place of a nested field in front of its location.
func (p *parser) relocate(t *template, prefix string) {
	if t != nil {
		t.location = prefix + t.location
	}
}

// location is an S3 object or prefix.
type location struct{ bucket, key string }

func (s *step) location(bucket, key *template) (location, *Error) {
	b, failure := s.text(bucket)
	if failure != nil {
		return location{}, failure
	}
	k, failure := s.text(key)
	return location{b, k}, failure
}

// read gives the items, at most limit of them.
func (r *itemReader) read(s *step, from location, limit float64) ([]json.RawMessage, *Error) {
	body, err := s.thread.run.in.Objects.GetObject(s.ctx, from.bucket, from.key)
	if err != nil {
		return nil, &Error{Name: ErrItemReaderFailed, Cause: causeOf(err)}
	}
	var items []json.RawMessage
	if r.inputType == "JSON" {
		if items, err = elements(body); err != nil {
			return nil, &Error{Name: ErrItemReaderFailed, Cause: "Attempting to map over non-iterable node."}
		}
	} else if items, err = jsonLines(body); err != nil {
		return nil, &Error{Name: ErrItemReaderFailed, Cause: err.Error()}
	}
	if float64(len(items)) > limit {
		items = items[:int(limit)]
	}
	for i, item := range items {
		items[i] = compact(item)
	}
	return items, nil
}

func (r *itemReader) limit(s *step) (float64, *Error) {
	return s.number(r.maxItems, math.Inf(1), 1, 100_000_000)
}

func jsonLines(body []byte) ([]json.RawMessage, error) {
	var items []json.RawMessage
	lines := bufio.NewReader(bytes.NewReader(body))
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if !json.Valid(line) {
				return nil, fmt.Errorf("line %d is not JSON", n)
			}
			items = append(items, json.RawMessage(line))
		}
		if err == io.EOF {
			return items, nil
		}
	}
}
