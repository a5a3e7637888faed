package bigquery

import (
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"time"

	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// literal is a value in GoogleSQL.
type literal struct {
	sql string
	// between: the value itself has more digits than the column can hold; sql is the next one below.
	between    bool
	float, nan bool
}

// literalOf renders a value to compare with a field.
func literalOf(f *bigquery.TableFieldSchema, value string) (literal, *fault.Error) {
	if repeated(f) {
		return literal{}, fault.New(fault.SourceInvalidFilter, "an array can only be tested for null")
	}
	parsed, err := source.Literal(column(f), value)
	if err != nil {
		return literal{}, fault.New(fault.SourceInvalidFilter, "is not a "+native(f))
	}
	switch v := parsed.(type) {
	case string:
		return literal{sql: text(v)}, nil
	case int64:
		if v == math.MinInt64 { // its digits alone, before the minus applies, are out of range
			return literal{sql: "CAST('" + strconv.FormatInt(v, 10) + "' AS INT64)"}, nil
		}
		return literal{sql: strconv.FormatInt(v, 10)}, nil
	case float64:
		return literal{sql: floatLiteral(v), float: true, nan: math.IsNaN(v)}, nil
	case *big.Rat:
		return decimalLiteral(v)
	case bool:
		return literal{sql: strconv.FormatBool(v)}, nil
	case time.Time:
		return momentLiteral(typeOf(f), v)
	case []byte:
		return literal{sql: bytesLiteral(v)}, nil
	}
	return literal{}, fault.New(fault.SourceInvalidFilter, "a "+native(f)+" can only be tested for null")
}

func floatLiteral(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "CAST('inf' AS FLOAT64)"
	case math.IsInf(v, -1):
		return "CAST('-inf' AS FLOAT64)"
	}
	return "CAST('" + strconv.FormatFloat(v, 'g', -1, 64) + "' AS FLOAT64)"
}

// bigNumericLimit is the smallest whole number that is too big for a BIGNUMERIC.
// Source: "Decimal type" in GoogleSQL's data types: 5.7896044618658097711785492504343953926634992332820282019728792003956564819968E+38.
var bigNumericLimit = new(big.Rat).SetFrac(new(big.Int).Lsh(big.NewInt(1), 255), new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil))

// bigNumericScale is how many digits a BIGNUMERIC has after the point.
const bigNumericScale = 38

// decimalLiteral is a BIGNUMERIC: it holds every NUMERIC too, and BigQuery
// compares the two exactly.
func decimalLiteral(v *big.Rat) (literal, *fault.Error) {
	if new(big.Rat).Abs(v).Cmp(bigNumericLimit) >= 0 {
		return literal{}, fault.New(fault.SourceInvalidFilter, "is beyond the range of BIGNUMERIC")
	}
	scaled := new(big.Int).Mul(v.Num(), new(big.Int).Exp(big.NewInt(10), big.NewInt(bigNumericScale), nil))
	floor, rest := new(big.Int).DivMod(scaled, v.Denom(), new(big.Int)) // Euclidean: toward the smaller
	exact := new(big.Rat).SetFrac(floor, new(big.Int).Exp(big.NewInt(10), big.NewInt(bigNumericScale), nil))
	return literal{sql: "BIGNUMERIC '" + exact.FloatString(bigNumericScale) + "'", between: rest.Sign() != 0}, nil
}

// momentLiteral renders a date or a time, which BigQuery holds from the year 1
// to 9999 in microseconds.
func momentLiteral(typ string, at time.Time) (literal, *fault.Error) {
	at = at.UTC()
	floor := at.Truncate(time.Microsecond)
	if typ != typeTime && (at.Year() < 1 || at.Year() > 9999) {
		return literal{}, fault.New(fault.SourceInvalidFilter, "is beyond the years 1 to 9999")
	}
	between := !floor.Equal(at)
	switch typ {
	case typeDate:
		return literal{sql: floor.Format("DATE '2006-01-02'")}, nil
	case typeTime:
		return literal{sql: floor.Format("TIME '15:04:05.000000'"), between: between}, nil
	case typeDatetime:
		return literal{sql: floor.Format("DATETIME '2006-01-02 15:04:05.000000'"), between: between}, nil
	}
	return literal{sql: floor.Format("TIMESTAMP '2006-01-02 15:04:05.000000+00'"), between: between}, nil
}

func bytesLiteral(b []byte) string {
	if len(b) == 0 {
		return "b''"
	}
	return "FROM_HEX('" + hex.EncodeToString(b) + "')"
}
