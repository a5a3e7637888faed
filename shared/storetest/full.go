package storetest

import (
	"fmt"
	"reflect"
	"time"
)

// Full returns a T in which no field is zero, always the same one: what comes
// back different from a store or a codec has lost a field. It panics at a
// kind of field that it does not know.
func Full[T any]() T {
	var v T
	f := filler{}
	f.fill(reflect.ValueOf(&v).Elem(), "value")
	return v
}

// filler makes values that differ from each other.
type filler struct{ made int }

func (f *filler) fill(v reflect.Value, name string) {
	f.made++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 0, f.made, 0, f.made*int(time.Millisecond), time.UTC)))
		return
	case map[string]any:
		v.Set(reflect.ValueOf(map[string]any{
			"text": "x", "empty": "", "flag": true, "off": false, "number": 0.1, "whole": float64(1 << 53), "nothing": nil,
			"list": []any{"a", 1.0, nil}, "object": map[string]any{"deep": "y"},
		}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s-%d", name, f.made))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.made))
	case reflect.Float64:
		v.SetFloat(float64(f.made) + 0.25)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for n := range v.Len() {
			f.fill(v.Index(n), name)
		}
	case reflect.Struct:
		for n := range v.NumField() {
			f.fill(v.Field(n), v.Type().Field(n).Name)
		}
	default:
		panic("storetest: Full does not know how to fill a " + v.Type().String())
	}
}
