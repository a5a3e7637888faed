// Package demo does Headwater's main job once, from outside: through HTTP, as a
// customer's program would, on data that it has put into a bucket itself.
package demo

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

// Job is the main job: connect → validate → discover → import → rows in the lake.
type Job struct {
	API    *Client
	Bucket string // holds the demo data below Prefix
	Access Access // may read it
	Data   map[string]dataset.Table
	Out    io.Writer // progress, for people
	Label  string    // ends the names of what is created, to tell it from an earlier job's; may be empty

	connection connection
	imports    []imported
	total      Total
}

// Access is an access key.
type Access struct{ ID, Secret string }

// Total is what the job has done so far.
type Total struct {
	Connection  string `json:"connection"`
	Runs        int    `json:"runs_succeeded"`
	In          int64  `json:"rows_in"`
	Landed      int64  `json:"rows_landed"`
	Quarantined int64  `json:"rows_quarantined"`
}

// Total returns what the job has done so far.
func (j *Job) Total() Total { return j.total }

// Once does the whole job, and returns an error as soon as anything is not as it must be.
func (j *Job) Once(ctx context.Context) error {
	for _, step := range []func(context.Context) error{j.Connect, j.Discover, j.Import, j.Read} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Connect creates a connection and waits until it is active.
func (j *Job) Connect(ctx context.Context) error {
	j.say("connect", "%s/%s", j.Bucket, Prefix)
	c, err := j.connect(ctx, "Shop data", j.Access)
	if err != nil {
		return err
	}
	for _, k := range c.LastValidation.Checks {
		j.say("", "%-7s %-22s %s", k.Outcome, k.Name, strings.TrimSpace(k.Detail))
	}
	j.connection, j.total.Connection = c, c.Status
	if c.Status != "active" {
		return fmt.Errorf("the connection is %s: %s", c.Status, c.StatusChange.Reason)
	}
	return nil
}

// Refuse creates a connection with a credential that is wrong, and wants exactly the failing check that says so.
func (j *Job) Refuse(ctx context.Context, wrong Access, failing string) error {
	j.say("refuse", "a connection with a credential that cannot work")
	c, err := j.connect(ctx, "Shop data, "+failing, wrong)
	if err != nil {
		return err
	}
	var failed []string
	for _, k := range c.LastValidation.Checks {
		if k.Outcome == "fail" {
			failed = append(failed, k.Name)
			j.say("", "fail    %s: %s", k.Name, k.Provider)
			if k.Remedy == nil || k.Provider == "" {
				return fmt.Errorf("check %s failed without a remedy or without the provider's error", k.Name)
			}
		}
	}
	if c.Status != "inactive" || len(failed) != 1 || failed[0] != failing {
		return fmt.Errorf("the connection is %s with failing checks %v, want inactive with %s", c.Status, failed, failing)
	}
	return nil
}

func (j *Job) connect(ctx context.Context, name string, key Access) (connection, error) {
	return j.create(ctx, name, "s3",
		map[string]any{"bucket": j.Bucket, "prefix": Prefix, "region": "us-east-1"},
		map[string]any{"method": "access_key", "access_key_id": key.ID, "secret_access_key": key.Secret})
}

// Discover shows the tables and wants the four that were seeded.
func (j *Job) Discover(ctx context.Context) error {
	var p schemaPage
	if err := j.API.Get(ctx, "/v1/connections/"+j.connection.ID+"/schema", &p); err != nil {
		return err
	}
	j.say("schema", "%d tables", len(p.Items))
	for _, t := range p.Items {
		j.say("", "%-16s %-8s %2d columns, %d files", t.Name, t.Format, t.ColumnCount, t.Files)
		if t.Problem != "" {
			return fmt.Errorf("table %s: %s", t.Name, t.Problem)
		}
	}
	if len(p.Items) != len(j.Data) {
		return fmt.Errorf("discovered %d tables, want %d", len(p.Items), len(j.Data))
	}
	return nil
}

// Import creates the four imports, runs each once by hand and holds their counts against what was seeded.
func (j *Job) Import(ctx context.Context) error {
	for _, n := range imports(j.connection.ID) {
		var i imported
		n.Name += j.Label
		if err := j.API.Post(ctx, "/v1/imports", n, &i); err != nil {
			return err
		}
		j.imports = append(j.imports, i)
		var r run
		if err := j.API.Post(ctx, "/v1/imports/"+i.ID+"/runs", nil, &r); err != nil {
			return err
		}
		j.say("import", "%s: %s → %s", i.Name, i.Table, i.Type)
		if err := j.follow(ctx, i, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// follow shows a run's progress until it has ended, and adds it up.
func (j *Job) follow(ctx context.Context, i imported, runID string) error {
	var r run
	if err := j.await(ctx, i, runID, &r); err != nil {
		return err
	}
	return j.add(i, r)
}

// await shows a run's progress until it has ended.
func (j *Job) await(ctx context.Context, i imported, runID string, r *run) error {
	shown := -1
	return poll(ctx, func() (bool, error) {
		err := j.API.Get(ctx, "/v1/imports/"+i.ID+"/runs/"+runID, r)
		if err == nil && r.SplitsDone != shown && r.Splits > 0 && !r.ended() {
			shown = r.SplitsDone
			j.say("", "%-10s splits %d/%d, %d rows read", r.Status, r.SplitsDone, r.Splits, r.Counts.Read)
		}
		return r.ended(), err
	})
}

// add holds an ended run against what was seeded.
func (j *Job) add(i imported, r run) error {
	if r.Status != "succeeded" {
		return fmt.Errorf("run %s of %s: %s: %+v", r.ID, i.Name, r.Status, r.Error)
	}
	want, got := j.Data[i.Table], r.Counts
	j.say("", "succeeded  %d rows read, %d landed, %d quarantined, %.1f MB in %.1f s, snapshot %s",
		got.Read, got.Written, got.Quarantined, float64(got.Bytes)/1e6, float64(r.Millis)/1e3, r.SnapshotID)
	if got.Read != want.Rows || got.Written != want.Good || got.Quarantined != want.Bad {
		return fmt.Errorf("import %s: want %d rows read, %d landed, %d quarantined", i.Name, want.Rows, want.Good, want.Bad)
	}
	if got.Written > 0 && r.SnapshotID == "" {
		return fmt.Errorf("import %s landed rows without a snapshot", i.Name)
	}
	j.total.Runs++
	j.total.In += got.Read
	j.total.Landed += got.Written
	j.total.Quarantined += got.Quarantined
	return nil
}

// Read reads the lake back: rows of each import, and one customer's profile.
func (j *Job) Read(ctx context.Context) error {
	for _, i := range j.imports {
		var rows rowsAnswer
		if err := j.API.Get(ctx, "/v1/imports/"+i.ID+"/rows?limit=5", &rows); err != nil {
			return err
		}
		if want := min(5, j.Data[i.Table].Good); int64(len(rows.Items)) != want {
			return fmt.Errorf("import %s has %d rows to show, want %d", i.Name, len(rows.Items), want)
		}
	}
	who := j.Data[dataset.Purchases].Files[0].Sample
	var p profile
	if err := j.API.Get(ctx, "/v1/profiles/"+url.PathEscape(who), &p); err != nil {
		return err
	}
	j.say("profile", "%s: %d profiles, %d events, %d groups", who, len(p.Profiles), len(p.Activities), len(p.Groups))
	if len(p.Profiles) == 0 || len(p.Activities) == 0 {
		return fmt.Errorf("the profile of %s lacks traits or activity", who)
	}
	return nil
}

// Next waits for the runs that a schedule has started since the last ones, one per import, and holds them to the same counts.
func (j *Job) Next(ctx context.Context) error {
	for n, before := range j.imports {
		now := before
		err := poll(ctx, func() (bool, error) {
			err := j.API.Get(ctx, "/v1/imports/"+before.ID, &now)
			return now.OpenRunID != "" || now.LastRunID != before.LastRunID && before.LastRunID != "", err
		})
		if err != nil {
			return fmt.Errorf("waiting for the scheduled run of %s: %w", before.Name, err)
		}
		runID := now.OpenRunID
		if runID == "" {
			runID = now.LastRunID
		}
		if err := j.follow(ctx, now, runID); err != nil {
			return err
		}
		if err := j.API.Get(ctx, "/v1/imports/"+before.ID, &j.imports[n]); err != nil {
			return err
		}
	}
	return nil
}

// Remember notes the last runs, so that Next can tell newer ones.
func (j *Job) Remember(ctx context.Context) error {
	for n := range j.imports {
		if err := j.API.Get(ctx, "/v1/imports/"+j.imports[n].ID, &j.imports[n]); err != nil {
			return err
		}
	}
	return nil
}

// Revalidated waits until the connection has passed another validation since the one it became active with.
func (j *Job) Revalidated(ctx context.Context) error {
	first := j.connection.LastValidation.ID
	var c connection
	err := poll(ctx, func() (bool, error) {
		err := j.API.Get(ctx, "/v1/connections/"+j.connection.ID, &c)
		return c.LastValidation != nil && c.LastValidation.ID != first && c.LastValidation.Outcome != "running", err
	})
	if err != nil {
		return fmt.Errorf("waiting for the daily validation: %w", err)
	}
	j.say("upkeep", "the daily validation %s; schema refreshed at %s", c.LastValidation.Outcome, c.SchemaRefreshed.Format(time.TimeOnly))
	if c.Status != "active" || c.LastValidation.Outcome != "passed" || !c.SchemaRefreshed.After(j.connection.SchemaRefreshed) {
		return fmt.Errorf("after the daily upkeep the connection is %s, its validation %s", c.Status, c.LastValidation.Outcome)
	}
	return nil
}

func (j *Job) say(step, format string, args ...any) {
	_, _ = fmt.Fprintf(j.Out, "%-8s %s\n", step, fmt.Sprintf(format, args...)) // progress is not worth failing for
}

// poll asks until the answer is yes, for at most five minutes.
func poll(ctx context.Context, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		if yes, err := ask(); err != nil || yes {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("still waiting: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
