package demo

import (
	"context"
	"fmt"
	"maps"
	"net/url"
)

// Platform is a platform other than the demo's bucket, with a table of user
// profiles: user_id, email, country, visits, and seen_at.
type Platform struct {
	Name        string // "bigquery"
	Settings    map[string]any
	Credentials map[string]any
	Table       string
	Rows        int64
	Who         string // a user_id of the table
	// Query is a SELECT with the table's columns, and QueryRows what it gives;
	// empty where the platform takes none.
	Query     string
	QueryRows int64
}

// Elsewhere does the main job on another platform: connect → validate →
// discover → import → a profile in the lake.
func (j *Job) Elsewhere(ctx context.Context, p Platform) error {
	j.say(p.Name, "connecting")
	c, err := j.create(ctx, p.Name, p.Name, p.Settings, p.Credentials)
	if err != nil {
		return err
	}
	for _, k := range c.LastValidation.Checks {
		j.say("", "%-7s %s", k.Outcome, k.Name)
	}
	if c.Status != "active" {
		return fmt.Errorf("the connection to %s is %s: %s: %s", p.Name, c.Status, c.StatusChange.Reason, c.LastValidation.failures())
	}
	i, err := j.importProfiles(ctx, p.Name, newImport{Name: "Visitors of " + p.Name, ConnectionID: c.ID, Table: p.Table}, p.Rows)
	if err != nil {
		return err
	}
	if err := j.landed(ctx, i, p); err != nil || p.Query == "" {
		return err
	}
	_, err = j.importProfiles(ctx, p.Name, newImport{Name: "Chosen visitors of " + p.Name, ConnectionID: c.ID, Query: p.Query}, p.QueryRows)
	return err
}

// importProfiles makes an import of a table or a query, runs it once, and wants all of its rows to land.
func (j *Job) importProfiles(ctx context.Context, from string, n newImport, rows int64) (i imported, err error) {
	n.Name += j.Label
	n.Type, n.Mode = "user_profile", "full_refresh"
	n.Mapping = []column{
		{Source: "user_id", Target: "identifier"},
		{Source: "email", Target: "email_sha256", Transforms: []string{"trim", "lower", "sha256"}},
		{Source: "country", Target: "country"},
		{Source: "visits", Target: "visits", Type: "int64"},
		{Source: "seen_at", Target: "seen_at"},
	}
	if err := j.API.Post(ctx, "/v1/imports", n, &i); err != nil {
		return i, err
	}
	var r run
	if err := j.API.Post(ctx, "/v1/imports/"+i.ID+"/runs", nil, &r); err != nil {
		return i, err
	}
	if err := j.await(ctx, i, r.ID, &r); err != nil {
		return i, err
	}
	if r.Status != "succeeded" || r.Counts.Read != rows || r.Counts.Written != rows {
		return i, fmt.Errorf("importing from %s: %s with %d rows read and %d landed, want %d: %+v", from, r.Status, r.Counts.Read, r.Counts.Written, rows, r.Error)
	}
	j.say("", "%s: %d rows landed in %d splits", i.Name, r.Counts.Written, r.Splits)
	j.total.Runs++
	j.total.In += r.Counts.Read
	j.total.Landed += r.Counts.Written
	return i, nil
}

// landed wants the profile in the lake, by the import that brought it.
func (j *Job) landed(ctx context.Context, i imported, p Platform) error {
	var found profile
	if err := j.API.Get(ctx, "/v1/profiles/"+url.PathEscape(p.Who), &found); err != nil {
		return err
	}
	for _, f := range found.Profiles {
		if f.ImportID == i.ID && f.Row["visits"] != nil && f.Row["seen_at"] != nil {
			return nil
		}
	}
	return fmt.Errorf("the profile of %s lacks what %s knows", p.Who, p.Name)
}

// create creates a connection and waits until its validation has ended.
func (j *Job) create(ctx context.Context, name, platform string, settings, credentials map[string]any) (connection, error) {
	var c connection
	err := j.API.Post(ctx, "/v1/connections", map[string]any{
		"name": name + j.Label, "platform": platform, "settings": settings, "credentials": maps.Clone(credentials),
	}, &c)
	if err != nil {
		return c, err
	}
	if c.Status != "processing" {
		return c, fmt.Errorf("a new connection is %s, not processing", c.Status)
	}
	return c, poll(ctx, func() (bool, error) {
		err := j.API.Get(ctx, "/v1/connections/"+c.ID, &c)
		return c.Status != "processing", err
	})
}
