package main

import (
	"fmt"
	"slices"
	"strings"
)

// peerName is how a line names the ratio to the peer.
func (r result) peerName() string {
	if r.peer == nil {
		return "bare"
	}
	return "duckdb"
}

func (r result) ratio() float64 { return median(r.ratios(), middle) }

func (r result) sizeRatio() float64 { return float64(r.ourBytes) / float64(r.theirBytes) }

func (r result) rowsPerCPU() float64 { return float64(r.rows) / cpu(r.ours) }

// What a million rows take on Lambda: a function has one vCPU from 1,769 MB on, and a GB-second on x86 has this price in
// us-east-1. Sources: "Configure Lambda function memory" in the Lambda developer guide, and Lambda's price list.
const (
	oneCPUGB    = 1769.0 / 1024
	usdGBSecond = 0.0000166667
)

func (r result) gbSeconds() float64 { return 1e6 / r.rowsPerCPU() * oneCPUGB }

func (r result) usd() float64 { return r.gbSeconds() * usdGBSecond }

// line is a task's result for people and programs.
func (r result) line() string {
	ratios := r.ratios()
	line := fmt.Sprintf("%s ratio_%s=%.2f ratio_min=%.2f ratio_max=%.2f target=%.2f rss_mb=%.0f peer_rss_mb=%.0f size_ratio=%.3f rows_per_cpu_s=%.0f cpu_s=%.2f peer_cpu_s=%.2f wall_s=%.2f peer_wall_s=%.2f lambda_gb_s_per_million=%.1f lambda_usd_per_million=%.6f",
		r.name, r.peerName(), r.ratio(), slices.Min(ratios), slices.Max(ratios), r.target, peak(r.ours), peak(r.theirs),
		r.sizeRatio(), r.rowsPerCPU(), cpu(r.ours), cpu(r.theirs), wall(r.ours), wall(r.theirs),
		r.gbSeconds(), r.usd())
	if len(r.read) > 0 {
		read, mapping, writing := r.split()
		line += fmt.Sprintf(" read_cpu_s=%.2f map_cpu_s=%.2f write_cpu_s=%.2f", read, mapping, writing)
	}
	if len(r.plain) > 0 {
		line += fmt.Sprintf(" zstd_cpu_s=%.2f", r.zstd())
	}
	return line
}

// split divides our CPU seconds among reading, mapping and writing. Each is a difference of medians of whole
// processes, so a small one is not exact.
func (r result) split() (read, mapping, writing float64) {
	read = cpu(r.read)
	mapping = max(cpu(r.mapped)-read, 0)
	return read, mapping, max(cpu(r.ours)-read-mapping, 0)
}

// zstd is what compression takes, of the peer's CPU seconds.
func (r result) zstd() float64 { return max(cpu(r.theirs)-cpu(r.plain), 0) }

// table is the results as Markdown.
func table(results []result) string {
	var b strings.Builder
	b.WriteString("| task | work | peer | ratio (min … max) | target | rows per CPU s | CPU s, ours / peer | wall s, ours / peer | peak MiB, ours / peer | output, ours / peer | Lambda, per million rows | read + map + write, CPU s |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		ratios := r.ratios()
		parts := ""
		if len(r.read) > 0 {
			read, mapping, writing := r.split()
			parts = fmt.Sprintf("%.2f + %.2f + %.2f", read, mapping, writing)
		}
		if len(r.plain) > 0 {
			parts += fmt.Sprintf(" (zstd %.2f)", r.zstd())
		}
		fmt.Fprintf(&b, "| %s | %s | %s | **%.2f** (%.2f … %.2f) | %.2f | %.0f | %.2f / %.2f | %.2f / %.2f | %.0f / %.0f | %.3f | %.1f GB-s, $%.6f | %s |\n",
			r.name, r.title, r.peerName(), r.ratio(), slices.Min(ratios), slices.Max(ratios), r.target, r.rowsPerCPU(),
			cpu(r.ours), cpu(r.theirs), wall(r.ours), wall(r.theirs), peak(r.ours), peak(r.theirs), r.sizeRatio(),
			r.gbSeconds(), r.usd(), parts)
	}
	return b.String()
}
