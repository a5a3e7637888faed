package googlepeer

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/api/bigquery/v2"
)

// rows is what a statement returned: cells in the form of the REST API, with
// timestamps as microseconds since 1970.
type rows struct {
	fields []*bigquery.TableFieldSchema
	rows   []*bigquery.TableRow
}

// run runs a statement at the emulator. What is wrong with the statement is a
// problem; what is wrong with the emulator is one too, of status 500.
func (b *warehouse) run(ctx context.Context, sql string, parameters []*bigquery.QueryParameter) (*rows, *problem) {
	addr, err := b.emulator.start(ctx)
	if err != nil {
		return nil, internal(err)
	}
	request := bigquery.QueryRequest{
		Query: dialect(sql), QueryParameters: parameters, UseLegacySql: new(bool),
		FormatOptions: &bigquery.DataFormatOptions{UseInt64Timestamp: true},
	}
	if len(parameters) > 0 {
		request.ParameterMode = "NAMED"
		if parameters[0].Name == "" {
			request.ParameterMode = "POSITIONAL"
		}
	}
	body, err := json.Marshal(request)
	if err != nil {
		return nil, internal(err)
	}
	status, out, err := b.peer.call(ctx, http.MethodPost, "http://"+addr+"/bigquery/v2/projects/"+b.peer.config.Project+"/queries", "application/json", body)
	if err != nil {
		return nil, internal(err)
	}
	if status != http.StatusOK {
		return nil, misuse(out)
	}
	var answer bigquery.QueryResponse
	if err := json.Unmarshal(out, &answer); err != nil {
		return nil, internal(fmt.Errorf("decoding rows: %w", err))
	}
	result := &rows{rows: answer.Rows}
	if answer.Schema != nil {
		result.fields = answer.Schema.Fields
	}
	result.correct()
	return result, nil
}

// misuse puts an error of the emulator in BigQuery's words.
func misuse(body []byte) *problem {
	var answer struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return internal(fmt.Errorf("decoding an error: %w", err))
	}
	message := answer.Error.Message
	for _, prefix := range []string{"failed to analyze: ", "failed to parse statements: ", "failed to parse statement: "} {
		message = strings.TrimPrefix(message, prefix)
	}
	return &problem{status: http.StatusBadRequest, reason: "invalidQuery", message: message, at: "query", atType: "parameter"}
}

// notANumber stands for NaN in the emulator, whose SQLite turns NaN into NULL.
// It is greater than any other number, so what BigQuery holds for false of NaN
// (NaN > 1) is true here; a condition that asks IS_NAN gets the same answer.
const notANumber = 1.7976931348623151e308

const notANumberSQL = "1.7976931348623151e308"

var (
	castFloat     = regexp.MustCompile(`(?i)\bCAST\s*\(\s*(?:'([+-]?inf(?:inity)?|nan)'|"([+-]?inf(?:inity)?|nan)")\s+AS\s+FLOAT64\s*\)`)
	isNaN         = regexp.MustCompile(`(?i)\bIS_NAN\s*\(`)
	partitionTime = regexp.MustCompile(`(?i)\b_PARTITIONTIME\b`)
	partitionDate = regexp.MustCompile(`(?i)\b_PARTITIONDATE\b`)
)

// ingested is the column that holds what BigQuery calls _PARTITIONTIME, of a
// table that is partitioned by the time of ingestion.
const ingested = "partition_time__"

// dialect puts what the emulator cannot do in words that it can.
func dialect(sql string) string {
	sql = castFloat.ReplaceAllStringFunc(sql, func(call string) string {
		switch lower := strings.ToLower(call); {
		case strings.Contains(lower, "nan"):
			return notANumberSQL
		case strings.Contains(lower, "-inf"):
			return "IEEE_DIVIDE(-1, 0)"
		default:
			return "IEEE_DIVIDE(1, 0)"
		}
	})
	sql = partitionTime.ReplaceAllString(sql, ingested)
	sql = partitionDate.ReplaceAllString(sql, "DATE("+ingested+")")
	return isNaN.ReplaceAllString(sql, "("+notANumberSQL+" = ")
}

// correct puts right how the emulator names columns and writes numbers.
func (r *rows) correct() {
	for i, f := range r.fields {
		if strings.HasPrefix(f.Name, "$col") {
			f.Name = "f" + strconv.Itoa(i) + "_"
		}
		if f.Type == "" { // the emulator has no word for it
			f.Type, f.RangeElementType = "RANGE", &bigquery.TableFieldSchemaRangeElementType{Type: r.rangeOf(i)}
		}
	}
	for _, row := range r.rows {
		for i, cell := range row.F {
			cell.V = corrected(r.fields[i], cell.V)
		}
	}
}

// rangeOf tells the type of a range's bounds from how the first value is written.
func (r *rows) rangeOf(column int) string {
	for _, row := range r.rows {
		switch text, _ := row.F[column].V.(string); {
		case text == "":
		case strings.Contains(text, "+00"):
			return "TIMESTAMP"
		case strings.Contains(text, ":"):
			return "DATETIME"
		default:
			return "DATE"
		}
	}
	return "DATE"
}

func corrected(f *bigquery.TableFieldSchema, v any) any {
	switch v := v.(type) {
	case []any: // a repeated field: [{"v": …}]
		for _, element := range v {
			if e, ok := element.(map[string]any); ok {
				e["v"] = corrected(f, e["v"])
			}
		}
	case map[string]any: // a record: {"f": [{"v": …}]}
		cells, _ := v["f"].([]any)
		for i, cell := range cells {
			if c, ok := cell.(map[string]any); ok {
				c["v"] = corrected(f.Fields[i], c["v"])
			}
		}
	case string:
		if f.Type == "FLOAT" {
			return float(v)
		}
	}
	return v
}

// float writes a number as BigQuery does.
func float(s string) string {
	switch f, err := strconv.ParseFloat(s, 64); {
	case err != nil:
		return s
	case f == notANumber:
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	default:
		return s
	}
}

// seconds writes timestamps as a client that did not ask for integers gets them.
func seconds(f *bigquery.TableFieldSchema, v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			e, _ := element.(map[string]any)
			out[i] = map[string]any{"v": seconds(f, e["v"])}
		}
		return out
	case map[string]any:
		cells, _ := v["f"].([]any)
		out := make([]any, len(cells))
		for i, cell := range cells {
			c, _ := cell.(map[string]any)
			out[i] = map[string]any{"v": seconds(f.Fields[i], c["v"])}
		}
		return map[string]any{"f": out}
	case string:
		if micros, err := strconv.ParseInt(v, 10, 64); err == nil && f.Type == "TIMESTAMP" {
			return strconv.FormatFloat(float64(micros)/1e6, 'E', -1, 64)
		}
	}
	return v
}
