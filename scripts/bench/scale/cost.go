package main

import "fmt"

// stateLimit is what Step Functions takes as the payload of a state, in bytes. Source: "Quotas" in its developer guide.
const stateLimit = 256 << 10

// cost is what a run of so many splits takes.
type cost struct {
	Splits int `json:"splits"`
	Files  int `json:"files"` // data files

	Plan    step `json:"plan"`
	Extract step `json:"extract"` // of one split: what a worker does before it reads a row, and after
	Commit  step `json:"commit"`

	State       int   `json:"state_bytes"`    // largest payload of a state
	PlanBytes   int64 `json:"plan_bytes"`     // the largest object of the plan
	InputBytes  int64 `json:"input_bytes"`    // the object that the map reads
	PartBytes   int64 `json:"part_bytes"`     // the largest list of a part's data files
	Manifest    int64 `json:"manifest_bytes"` // the run's manifest
	Writes      int   `json:"item_writes"`    // items of the table, written by all steps together
	Conditional int   `json:"transactions"`   // of them in transactions
}

// step is what one call took.
type step struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
	PeakMiB float64 `json:"peak_mib"` // of the process, while it lasted
	Objects int     `json:"objects"`  // requests to the object store, but those of the lake
}

func (c cost) line() string {
	return fmt.Sprintf("splits=%d files=%d plan_s=%.2f plan_peak_mib=%.0f extract_overhead_s=%.3f commit_s=%.2f commit_peak_mib=%.0f state_bytes=%d plan_bytes=%d input_bytes=%d manifest_bytes=%d item_writes=%d",
		c.Splits, c.Files, c.Plan.Seconds, c.Plan.PeakMiB, c.Extract.Seconds, c.Commit.Seconds, c.Commit.PeakMiB, c.State, c.PlanBytes, c.InputBytes, c.Manifest, c.Writes)
}

const header = "| splits | data files | plan, s (CPU) | peak MiB | one extract beside its rows, s | commit, s (CPU) | peak MiB | largest state, bytes | largest object of the plan | map input | manifest | item writes |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n"

func (c cost) row() string {
	return fmt.Sprintf("| %d | %d | %.2f (%.2f) | %.0f | %.3f | %.2f (%.2f) | %.0f | %d | %s | %s | %s | %d |",
		c.Splits, c.Files, c.Plan.Seconds, c.Plan.CPU, c.Plan.PeakMiB, c.Extract.Seconds, c.Commit.Seconds, c.Commit.CPU, c.Commit.PeakMiB,
		c.State, kilobytes(c.PlanBytes), kilobytes(c.InputBytes), kilobytes(c.Manifest), c.Writes)
}

func kilobytes(n int64) string { return fmt.Sprintf("%.0f KB", float64(n)/1000) }
