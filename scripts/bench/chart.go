package main

import (
	"fmt"
	"strings"
)

// The chart's measures, in pixels.
const (
	chartWidth, labelWidth, valueWidth = 860, 190, 90
	barHeight, barGap, taskGap         = 14, 3, 14
)

// chart is rows per CPU second of every side of every task, as SVG: longer is better.
func chart(results []result, title string) string {
	most, height := 0.0, 70
	for _, r := range results {
		most = max(most, r.rowsPerCPU())
		for _, t := range r.theirs {
			most = max(most, float64(r.rows)/cpu(t.took))
		}
		height += (1+len(r.theirs))*(barHeight+barGap) + taskGap
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12">`+"\n", chartWidth, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", chartWidth, height)
	fmt.Fprintf(&b, `<text x="16" y="24" font-size="15" fill="#1b1f24">Rows per CPU second, one core: longer is better</text>`+"\n")
	fmt.Fprintf(&b, `<text x="16" y="44" fill="#57606a">%s</text>`+"\n", escaped(title))
	y := 64
	bar := func(label, name, color string, rate float64, strong bool) {
		weight := "normal"
		if strong {
			weight = "bold"
		}
		width := rate / most * (chartWidth - labelWidth - valueWidth)
		fmt.Fprintf(&b, `<text x="16" y="%d" font-weight="bold" fill="#1b1f24">%s</text>`, y+barHeight-3, escaped(label))
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" font-weight="%s" fill="#1b1f24">%s</text>`, labelWidth-8, y+barHeight-3, weight, escaped(name))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, labelWidth, y, width, barHeight, color)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" font-weight="%s" fill="#1b1f24">%.0f k</text>`+"\n", labelWidth+width+6, y+barHeight-3, weight, rate/1000)
		y += barHeight + barGap
	}
	colors := map[string]string{"duckdb": "#d4a72c", "polars": "#8250df", "bare": "#57606a", "arrow_go": "#8c959f", "client": "#8c959f"}
	names := map[string]string{"duckdb": "DuckDB", "polars": "Polars", "bare": "codecs alone", "arrow_go": "arrow-go alone", "client": "bare client"}
	for _, r := range results {
		bar(r.name, "Headwater", "#0969da", r.rowsPerCPU(), true)
		for _, t := range r.theirs {
			bar("", names[t.name], colors[t.name], float64(r.rows)/cpu(t.took), false)
		}
		y += taskGap
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
