package duck

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/duckdb/duckdb-go/mapping"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/engine"
)

// unnumbered is what the C API of DuckDB 1.4.3 calls TIME_NS. The only other type
// of that number is VARIANT, which no table can have a column of.
const unnumbered = mapping.TypeInvalid

var names = map[mapping.Type]string{
	mapping.TypeBoolean: "BOOLEAN", mapping.TypeTinyInt: "TINYINT", mapping.TypeSmallInt: "SMALLINT", mapping.TypeInteger: "INTEGER", mapping.TypeBigInt: "BIGINT",
	mapping.TypeUTinyInt: "UTINYINT", mapping.TypeUSmallInt: "USMALLINT", mapping.TypeUInteger: "UINTEGER", mapping.TypeUBigInt: "UBIGINT", mapping.TypeHugeInt: "HUGEINT",
	mapping.TypeFloat: "FLOAT", mapping.TypeDouble: "DOUBLE", mapping.TypeVarchar: "VARCHAR", mapping.TypeBlob: "BLOB", mapping.TypeDate: "DATE", mapping.TypeTime: "TIME", mapping.TypeTimeNS: "TIME_NS", unnumbered: "TIME_NS",
	mapping.TypeTimestamp: "TIMESTAMP", mapping.TypeTimestampS: "TIMESTAMP_S", mapping.TypeTimestampMS: "TIMESTAMP_MS", mapping.TypeTimestampNS: "TIMESTAMP_NS", mapping.TypeTimestampTZ: "TIMESTAMP WITH TIME ZONE",
	mapping.TypeSQLNull: `"NULL"`,
}

// typeName spells a type as DESCRIBE does.
func typeName(t mapping.LogicalType) string {
	if alias := mapping.LogicalTypeGetAlias(t); alias != "" {
		return alias
	}
	switch id := mapping.GetTypeId(t); id {
	case mapping.TypeDecimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", mapping.DecimalWidth(t), mapping.DecimalScale(t))
	case mapping.TypeStruct:
		var members []string
		for i := range mapping.StructTypeChildCount(t) {
			child := mapping.StructTypeChildType(t, i)
			members = append(members, mapping.StructTypeChildName(t, i)+" "+typeName(child))
			mapping.DestroyLogicalType(&child)
		}
		return "STRUCT(" + strings.Join(members, ", ") + ")"
	case mapping.TypeArray:
		child := mapping.ArrayTypeChildType(t)
		defer mapping.DestroyLogicalType(&child)
		return fmt.Sprintf("%s[%d]", typeName(child), mapping.ArrayTypeArraySize(t))
	default:
		if name, ok := names[id]; ok {
			return name
		}
		return fmt.Sprintf("type %d", id)
	}
}

// copyVector copies n rows out of DuckDB's memory. A type that the peer has no
// use for is copied as nulls; its column is refused by name before.
func copyVector(v mapping.Vector, n int) engine.Vector {
	t := mapping.VectorGetColumnType(v)
	defer mapping.DestroyLogicalType(&t)
	data := mapping.VectorGetData(v)
	out := engine.Vector{Valid: validity(v, n)}
	id := mapping.GetTypeId(t)
	if id == mapping.TypeDecimal {
		id = mapping.DecimalInternalType(t)
	}
	switch id {
	case mapping.TypeBoolean, mapping.TypeUTinyInt:
		out.Ints = widen[uint8](data, n)
	case mapping.TypeTinyInt:
		out.Ints = widen[int8](data, n)
	case mapping.TypeSmallInt:
		out.Ints = widen[int16](data, n)
	case mapping.TypeUSmallInt:
		out.Ints = widen[uint16](data, n)
	case mapping.TypeInteger, mapping.TypeDate:
		out.Ints = widen[int32](data, n)
	case mapping.TypeUInteger:
		out.Ints = widen[uint32](data, n)
	case mapping.TypeBigInt, mapping.TypeTime, mapping.TypeTimeNS, unnumbered, mapping.TypeTimestamp, mapping.TypeTimestampS, mapping.TypeTimestampMS, mapping.TypeTimestampNS, mapping.TypeTimestampTZ:
		out.Ints = widen[int64](data, n)
	case mapping.TypeUBigInt:
		out.Ints, out.High = widen[int64](data, n), make([]int64, n)
	case mapping.TypeHugeInt:
		out.Ints, out.High = make([]int64, n), make([]int64, n)
		for i, h := range unsafe.Slice((*[2]int64)(data), n) {
			out.Ints[i], out.High[i] = h[0], h[1]
		}
	case mapping.TypeFloat:
		out.Floats = make([]float64, n)
		for i, f := range unsafe.Slice((*float32)(data), n) {
			out.Floats[i] = float64(f)
		}
	case mapping.TypeDouble:
		out.Floats = append([]float64(nil), unsafe.Slice((*float64)(data), n)...)
	case mapping.TypeVarchar, mapping.TypeBlob:
		out.Texts = texts(data, n, out.Valid)
	case mapping.TypeStruct:
		for i := range mapping.StructTypeChildCount(t) {
			out.Children = append(out.Children, copyVector(mapping.StructVectorGetChild(v, i), n))
		}
	case mapping.TypeArray:
		size := int(mapping.ArrayTypeArraySize(t))
		out.Children = []engine.Vector{copyVector(mapping.ArrayVectorGetChild(v), n*size)}
	default:
		out.Valid = make([]bool, n)
	}
	return out
}

func validity(v mapping.Vector, n int) []bool {
	mask := (*uint64)(mapping.VectorGetValidity(v))
	if mask == nil {
		return nil
	}
	words := unsafe.Slice(mask, (n+63)/64)
	valid := make([]bool, n)
	for i := range valid {
		valid[i] = words[i/64]>>(i%64)&1 == 1
	}
	return valid
}

func widen[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](data unsafe.Pointer, n int) []int64 {
	out := make([]int64, n)
	for i, x := range unsafe.Slice((*T)(data), n) {
		out[i] = int64(x)
	}
	return out
}

// A shortText is DuckDB's string: up to 12 bytes stand in it, longer ones
// behind a pointer in its second half.
type shortText struct {
	length uint32
	inline [12]byte
}

func texts(data unsafe.Pointer, n int, valid []bool) []string {
	out := make([]string, n)
	for i := range n {
		if valid != nil && !valid[i] {
			continue
		}
		t := (*shortText)(unsafe.Add(data, i*int(unsafe.Sizeof(shortText{}))))
		if t.length <= 12 {
			out[i] = string(t.inline[:t.length])
		} else {
			p := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(t), 8))
			out[i] = string(unsafe.Slice((*byte)(p), t.length))
		}
	}
	return out
}
