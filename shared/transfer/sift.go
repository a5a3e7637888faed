package transfer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/quarantine"
)

// siftLabel names the step between the splits of an identity graph and its commit.
const siftLabel = "links of hubs"

// ruleHub rejects a link of an identifier that links too many others to be one person's.
const ruleHub = "hub"

// sift takes the links of hubs out of what is to be committed.
//
// It is one more split of the run, after the others, so that what it found counts
// exactly once: its parts are recorded under the same conditions as any other's, with
// the counts that move from written to quarantined. All of them are written down
// before the first is recorded, and the first one's checkpoint says where:
// whoever finds some recorded records the rest of the same, and what a second
// commit made of it at the same time is not used.
func (c *Committer) sift(ctx context.Context, run ingest.Run, made plan) error {
	ref, number := run.Ref(), len(made.Splits)
	at, err := c.Store.Split(ctx, ref, number)
	if err != nil || at.Done {
		return err
	}
	parts, err := c.sifted(ctx, run, made, at)
	if err != nil {
		return err
	}
	for _, p := range parts[at.Parts:] {
		recorded, err := c.Store.RecordPart(ctx, ref, p)
		if err != nil {
			return err
		}
		if !recorded {
			return errMoved()
		}
	}
	return nil
}

// findSift finds what the sift did among the parts.
func (r *extracted) findSift() {
	for _, p := range r.parts {
		if p.Split == len(r.plan.Splits) {
			r.hubs = r.hubs.Add(p.Counts)
			r.sifted = cmp.Or(p.FilesKey, r.sifted)
		}
	}
}

// sifted returns the parts of the sift: those that have been written down, or else new ones.
func (c *Committer) sifted(ctx context.Context, run ingest.Run, made plan, at ingest.SplitProgress) ([]ingest.Part, error) {
	if at.Checkpoint == "" {
		return c.makeSift(ctx, run, made)
	}
	body, err := c.Objects.Get(ctx, at.Checkpoint)
	if err != nil {
		return nil, fmt.Errorf("reading sift: %w", err)
	}
	var parts []ingest.Part
	if err := json.Unmarshal(body, &parts); err != nil {
		return nil, fmt.Errorf("decoding sift: %w", err)
	}
	return parts, nil
}

// makeSift sifts, and writes down what is to be recorded of it.
func (c *Committer) makeSift(ctx context.Context, run ingest.Run, made plan) ([]ingest.Part, error) {
	parts, err := c.extractedParts(ctx, run.Ref(), made)
	if err != nil {
		return nil, err
	}
	// Somebody else may have recorded a sift meanwhile: what it left is none of the splits'.
	parts = slices.DeleteFunc(parts, func(p ingest.Part) bool { return p.Split >= len(made.Splits) })
	key, err := c.Vault.Open(ctx, run.Ref())
	if err != nil {
		return nil, err
	}
	own, err := c.Vault.Workspace.WorkspaceKeys(ctx, run.WorkspaceID)
	if err != nil {
		return nil, err
	}
	s := &sieve{Committer: c, run: run, number: len(made.Splits), key: key, hmac: own.HMAC, most: cmp.Or(made.Import.Guards.HubLinks, ingest.DefaultHubLinks)}
	s.begin()
	hub := lake.Hub{First: "first_id", Second: "second_id", Links: s.most}
	for _, c := range made.Import.Mapping {
		switch c.Target {
		case "first_id_type":
			hub.FirstType = c.Target
		case "second_id_type":
			hub.SecondType = c.Target
		}
	}
	left, err := c.Lake.Sift(ctx, lake.TableOf(made.Import), run.ID, hub, files(ctx, c.Objects, parts), func(row lake.Row) error {
		return s.reject(ctx, row)
	})
	if err != nil {
		return nil, err
	}
	if err := s.end(ctx); err != nil {
		return nil, err
	}
	last := &s.parts[len(s.parts)-1]
	last.Last = true
	last.Counts = ingest.Counts{RowsWritten: -left.Rows, RowsQuarantined: left.Rows}
	if left.Rows > 0 {
		last.FilesKey = runKey(run, "parts/"+partName(s.number, last.Number)+".sifted")
		if err := c.Objects.Put(ctx, last.FilesKey, frame(left.Parts)); err != nil {
			return nil, fmt.Errorf("storing data file list: %w", err)
		}
	}
	return s.parts, s.write(ctx)
}

// sieve makes the parts of a sift: one for each object of its quarantine, and at least one.
type sieve struct {
	*Committer
	run        ingest.Run
	number     int // of the split
	key        quarantine.Key
	hmac       []byte // the workspace's
	most       int
	quarantine *quarantine.Writer
	parts      []ingest.Part
}

func (s *sieve) begin() { s.quarantine = quarantine.NewWriter(s.key, s.number) }

func (s *sieve) reject(ctx context.Context, row lake.Row) error {
	value, err := row.MarshalJSON()
	if err != nil {
		return err
	}
	err = s.quarantine.Write([]pipeline.Rejected{{
		RowKey: s.keyOf(row), Rule: ruleHub, Value: string(value),
		Reason: fmt.Sprintf("one of its identifiers is linked with more than %d others", s.most),
	}}, nil)
	if err != nil || s.quarantine.Len() < cmp.Or(s.QuarantineBytes, partQuarantine) {
		return err
	}
	err = s.end(ctx)
	s.begin()
	return err
}

// end makes a part of what was rejected since the last one.
func (s *sieve) end(ctx context.Context) error {
	if s.quarantine.Rows() == 0 && len(s.parts) > 0 {
		return nil
	}
	number := len(s.parts)
	lines, err := keepQuarantine(ctx, s.Objects, s.run, partName(s.number, number), s.quarantine)
	s.parts = append(s.parts, ingest.Part{Split: s.number, Number: number, Quarantine: lines, At: s.Now().UTC()})
	return err
}

// write writes the parts down, in a place that the first one names.
func (s *sieve) write(ctx context.Context) error {
	at := runKey(s.run, "sift-"+id.Nonce()+".json")
	for n := range s.parts {
		if s.parts[n].After = at; n > 0 {
			s.parts[n].From = at
		}
	}
	body, err := json.Marshal(s.parts)
	if err != nil {
		return fmt.Errorf("encoding sift: %w", err)
	}
	if err := s.Objects.Put(ctx, at, body); err != nil {
		return fmt.Errorf("storing sift: %w", err)
	}
	return nil
}

// keyOf is the key of a link in quarantine, as the pipeline makes it of one that it rejects.
func (s *sieve) keyOf(row lake.Row) string {
	first, _ := row.Value("first_id")
	text, _ := first.(string)
	return pipeline.RowKey(s.hmac, text)
}

// hubShare is the share of the links that the sift took out.
func (r *extracted) hubShare() float64 {
	written := r.run.Counts.RowsWritten - r.hubs.RowsWritten
	if written == 0 {
		return 0
	}
	return float64(r.hubs.RowsQuarantined) / float64(written)
}

// files yields the encoded data files that are to be committed.
func (r *extracted) files(ctx context.Context, objects Objects) iter.Seq2[[]byte, error] {
	if r.sifted == "" {
		return files(ctx, objects, r.parts)
	}
	return func(yield func([]byte, error) bool) {
		body, err := objects.Get(ctx, r.sifted)
		if err != nil {
			yield(nil, fmt.Errorf("reading data file list: %w", err))
			return
		}
		for part, err := range unframe(body) {
			if !yield(part, err) {
				return
			}
		}
	}
}

// frame joins encoded data files, each behind its length.
func frame(parts [][]byte) []byte {
	var framed bytes.Buffer
	for _, p := range parts {
		framed.Write(binary.AppendUvarint(nil, uint64(len(p))))
		framed.Write(p)
	}
	return framed.Bytes()
}

func unframe(framed []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for len(framed) > 0 {
			length, n := binary.Uvarint(framed)
			if n <= 0 || length > uint64(len(framed)-n) {
				yield(nil, errors.New("the list of sifted data files is cut off"))
				return
			}
			if !yield(framed[n:n+int(length)], nil) {
				return
			}
			framed = framed[n+int(length):]
		}
	}
}
