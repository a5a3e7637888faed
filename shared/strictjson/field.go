package strictjson

import (
	"reflect"
	"strings"
)

// field is a struct's field as JSON sees it.
type field struct {
	name     string
	typ      reflect.Type
	required bool
}

// fieldsOf returns a struct's fields by their JSON names, those of embedded structs among them.
func fieldsOf(t reflect.Type) map[string]field {
	fields := make(map[string]field, t.NumField())
	for _, f := range reflect.VisibleFields(t) {
		if named, ok := describe(f); ok {
			fields[named.name] = named
		}
	}
	return fields
}

// ordered returns a struct's fields as they are declared, nothing for any other type.
func ordered(t reflect.Type, known map[string]field) []field {
	if known == nil || t == nil {
		return nil
	}
	fields := make([]field, 0, len(known))
	for _, f := range reflect.VisibleFields(t) {
		if named, ok := describe(f); ok {
			fields = append(fields, named)
		}
	}
	return fields
}

func describe(f reflect.StructField) (field, bool) {
	tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	if tag == "-" || !f.IsExported() || f.Anonymous && tag == "" {
		return field{}, false
	}
	if tag == "" {
		tag = f.Name
	}
	optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
	return field{name: tag, typ: f.Type, required: !optional}, true
}
