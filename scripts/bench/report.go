package main

import (
	"fmt"
	"slices"
	"strings"
)

// ratio is the median of the rounds' ratios to a peer.
func (r result) ratio(t theirs) float64 { return median(r.ratios(t), middle) }

// sizeRatio is our output's size by that of the first peer, which is DuckDB where it can do the work.
func (r result) sizeRatio() float64 { return float64(r.ourBytes) / float64(r.theirs[0].bytes) }

func (r result) rowsPerCPU() float64 { return float64(r.rows) / cpu(r.ours) }

// What a million rows take on Lambda: a function has one vCPU from 1,769 MB on, and a GB-second on x86 has this price in
// us-east-1. Sources: "Configure Lambda function memory" in the Lambda developer guide, and Lambda's price list.
const (
	oneCPUGB    = 1769.0 / 1024
	usdGBSecond = 0.0000166667
)

func gbSeconds(rowsPerCPU float64) float64 { return 1e6 / rowsPerCPU * oneCPUGB }

// line is a task's result for people and programs. Every task has the first five; a peer that is no other engine comes after.
func (r result) line() string {
	var line strings.Builder
	line.WriteString(r.name)
	for _, name := range []string{"duckdb", "polars"} {
		fmt.Fprintf(&line, " ratio_%s=%s", name, r.told(name))
	}
	fmt.Fprintf(&line, " rss_mb=%.0f size_ratio=%.3f rows_per_cpu_s=%.0f", peak(r.ours), r.sizeRatio(), r.rowsPerCPU())
	for _, name := range []string{"bare", "arrow_go", "client"} {
		if _, ok := r.against(name); ok {
			fmt.Fprintf(&line, " ratio_%s=%s", name, r.told(name))
		}
	}
	return line.String()
}

// told is the ratio to a peer, - where it cannot do the work.
func (r result) told(name string) string {
	t, ok := r.against(name)
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.2f", r.ratio(t))
}

// split divides our CPU seconds among reading, mapping and writing. Each is a difference of medians of whole
// processes, so a small one is not exact.
func (r result) split() (read, mapping, writing float64) {
	read = cpu(r.read)
	mapping = max(cpu(r.mapped)-read, 0)
	return read, mapping, max(cpu(r.ours)-read-mapping, 0)
}

// table is the results as Markdown: a row for us, and one for each peer.
func table(results []result) string {
	var b strings.Builder
	b.WriteString("| task | | CPU s | ratio (min … max) | target | rows per CPU s | wall s | peak MiB | output, by the first peer's | Lambda, per million rows | read + map + write, CPU s |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		parts := ""
		if len(r.read) > 0 {
			read, mapping, writing := r.split()
			parts = fmt.Sprintf("%.2f + %.2f + %.2f", read, mapping, writing)
		}
		if len(r.spread) > 0 {
			parts += fmt.Sprintf(" (spread over 16 buckets: %.2f in all)", cpu(r.spread))
		}
		gb := gbSeconds(r.rowsPerCPU())
		fmt.Fprintf(&b, "| **%s** | %s | %.2f | | | %.0f | %.2f | %.0f | %.3f | %.1f GB-s, $%.6f | %s |\n",
			r.name, r.title, cpu(r.ours), r.rowsPerCPU(), wall(r.ours), peak(r.ours), r.sizeRatio(), gb, gb*usdGBSecond, parts)
		for _, t := range r.theirs {
			ratios := r.ratios(t)
			fmt.Fprintf(&b, "| | %s | %.2f | **%.2f** (%.2f … %.2f) | %s | %.0f | %.2f | %.0f | %.3f | | |\n",
				peerTitle(t.name), cpu(t.took), r.ratio(t), slices.Min(ratios), slices.Max(ratios), targeted(t.target),
				float64(r.rows)/cpu(t.took), wall(t.took), peak(t.took), float64(t.bytes)/float64(r.theirs[0].bytes))
		}
	}
	return b.String()
}

func targeted(target float64) string {
	if target == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", target)
}

func peerTitle(name string) string {
	return map[string]string{
		"duckdb": "DuckDB", "polars": "Polars", "bare": "decoding and the lake's encoder alone", "arrow_go": "decoding and arrow-go's encoder alone", "client": "the bare client, mapped and written as ours",
	}[name]
}
