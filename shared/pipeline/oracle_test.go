package pipeline_test

import (
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"golang.org/x/net/idna"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// The oracle casts one value at a time, as slowly and plainly as the standard
// library allows, to the value that valueAt shows.

var (
	numberText = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$`)
	dateText   = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	clockText  = regexp.MustCompile(`^[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$`)
	stampText  = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ])[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$`)

	billion = new(big.Rat).SetInt64(1_000_000_000)
	ten38   = new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
)

// ratTo38 holds a number as decimal(38, 9).
func ratTo38(r *big.Rat) (any, bool) {
	scaled := new(big.Rat).Mul(r, billion)
	if !scaled.IsInt() || scaled.Num().CmpAbs(ten38) >= 0 {
		return nil, false
	}
	return decimal128.FromBigInt(scaled.Num()), true
}

func ratToInt(r *big.Rat) (any, bool) {
	if !r.IsInt() || !r.Num().IsInt64() {
		return nil, false
	}
	return r.Num().Int64(), true
}

func ratOf(n decimal128.Num, scale int32) *big.Rat {
	return new(big.Rat).SetFrac(n.BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
}

// oracleValue is the text of a source's value that a reject shows.
func oracleValue(v any, from arrow.DataType) string {
	text, _ := oracleCast(v, from, schema.String)
	s, _ := text.(string)
	return s
}

func oracleCast(v any, from arrow.DataType, to schema.Type) (any, bool) {
	if v == nil {
		return nil, true
	}
	switch v := v.(type) {
	case string:
		return oracleText(v, to)
	case int64:
		switch to {
		case schema.Int64:
			return v, true
		case schema.String:
			return strconv.FormatInt(v, 10), true
		case schema.Decimal:
			return ratTo38(new(big.Rat).SetInt64(v))
		case schema.Bool:
			return v == 1, v == 0 || v == 1
		case schema.Float64:
			f, accuracy := new(big.Float).SetInt64(v).Float64()
			return f, accuracy == big.Exact
		}
	case float64:
		switch to {
		case schema.Float64:
			return v, true
		case schema.String:
			return oracleFloatText(v), true
		case schema.Int64, schema.Decimal:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, false
			}
			r, _ := new(big.Rat).SetString(strconv.FormatFloat(v, 'e', -1, 64))
			if to == schema.Int64 {
				return ratToInt(new(big.Rat).SetFloat64(v))
			}
			return ratTo38(r)
		}
	case decimal128.Num:
		r := ratOf(v, from.(*arrow.Decimal128Type).Scale)
		switch to {
		case schema.Decimal:
			return ratTo38(r)
		case schema.Int64:
			return ratToInt(r)
		case schema.Float64:
			f, _ := r.Float64()
			return f, true
		case schema.String:
			s := r.FloatString(40)
			s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
			return s, true
		}
	case bool:
		if to == schema.String {
			return strconv.FormatBool(v), true
		}
		return v, true
	case arrow.Date32:
		at := v.ToTime()
		switch to {
		case schema.String:
			return at.Format("2006-01-02"), true
		case schema.Timestamp:
			micros := new(big.Int).Mul(big.NewInt(int64(v)), big.NewInt(86_400_000_000))
			return arrow.Timestamp(micros.Int64()), micros.IsInt64()
		}
		return v, true
	case arrow.Timestamp:
		at := time.UnixMicro(int64(v)).UTC()
		switch to {
		case schema.String:
			return at.Format(time.RFC3339Nano), true
		case schema.Date:
			return arrow.Date32(math.Floor(float64(at.Unix()) / 86400)), true
		}
		return v, true
	case arrow.Time64:
		if to == schema.String {
			return time.UnixMicro(int64(v)).UTC().Format("15:04:05.999999"), true
		}
		return v, true
	}
	panic("the oracle does not know this cast")
}

func oracleText(s string, to schema.Type) (any, bool) {
	switch to {
	case schema.String:
		return s, true
	case schema.Int64:
		v, err := strconv.ParseInt(s, 10, 64)
		return v, err == nil
	case schema.Float64:
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil && numberText.MatchString(s)
	case schema.Decimal:
		if !numberText.MatchString(s) {
			return nil, false
		}
		r, ok := new(big.Rat).SetString(s)
		if !ok {
			return nil, false
		}
		return ratTo38(r)
	case schema.Bool:
		yes, no := strings.EqualFold(s, "true") || s == "1", strings.EqualFold(s, "false") || s == "0"
		return yes, yes || no
	case schema.Date:
		at, err := time.Parse("2006-01-02", s)
		return arrow.Date32FromTime(at), err == nil && dateText.MatchString(s) && at.Year() > 0
	case schema.Time:
		at, err := time.Parse("15:04:05", s)
		midnight := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
		return arrow.Time64(at.Sub(midnight).Microseconds()), err == nil && clockText.MatchString(s)
	case schema.Timestamp:
		parts := stampText.FindStringSubmatch(s)
		if parts == nil || parts[1] != " " && parts[3] == "" {
			return nil, false
		}
		if parts[3] == "" {
			s += "Z"
		}
		at, err := time.Parse(time.RFC3339, strings.ToUpper(s[:10]+"T"+s[11:]))
		year, _ := strconv.Atoi(s[:4])
		return arrow.Timestamp(at.UnixMicro()), err == nil && year > 0
	case schema.JSON:
		return s, json.Valid([]byte(s))
	}
	panic("the oracle does not know this cast")
}

func oracleFloatText(f float64) string {
	switch {
	case f == 0:
		return "0"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case math.Abs(f) < 1e-6 || math.Abs(f) >= 1e21:
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// oracleTransform names the transform that refuses the value.
func oracleTransform(v any, transforms []ingest.Transform) (any, ingest.Transform) {
	s, ok := v.(string)
	if !ok {
		return v, ""
	}
	for _, transform := range transforms {
		switch transform {
		case ingest.Trim:
			s = strings.TrimSpace(s)
		case ingest.Lower:
			s = strings.ToLower(s)
		case ingest.SHA256:
			s = hashed(s)
		case ingest.Email:
			if s, ok = oracleEmail(s); !ok {
				return nil, transform
			}
		default:
			panic("the oracle does not know this transform")
		}
	}
	return s, ""
}

var (
	localText  = regexp.MustCompile("^[\\p{L}\\p{M}\\p{N}!#$%&'*+/=?^_`{|}~-]+(\\.[\\p{L}\\p{M}\\p{N}!#$%&'*+/=?^_`{|}~-]+)*$")
	domainText = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	lastNumber = regexp.MustCompile(`\.[0-9]+$`)
)

func oracleEmail(s string) (string, bool) {
	local, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "@")
	if len(local)+1+len(domain) > 254 {
		return "", false
	}
	if strings.ContainsFunc(domain, func(r rune) bool { return r > 127 }) {
		var err error
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return "", false
		}
	}
	ok := localText.MatchString(local) && len(local) <= 64 && domainText.MatchString(domain) && !lastNumber.MatchString(domain)
	return local + "@" + domain, ok && len(local)+1+len(domain) <= 254
}
