package fault_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
)

func TestErrorText(t *testing.T) {
	cause := errors.New("cause")
	for want, err := range map[string]error{
		"import.not_found":                             &fault.Error{Code: fault.ImportNotFound},
		"import.not_found: gone":                       fault.New(fault.ImportNotFound, "gone"),
		"import.not_found: gone: cause":                fault.Wrap(fault.ImportNotFound, "gone", cause),
		"request.missing_field (name): add it":         fault.Field(fault.MissingField, "name", "add it"),
		"request.missing_field (a): x; internal (b): ": fault.List{fault.Field(fault.MissingField, "a", "x"), {Code: fault.Internal, Field: "b", Message: " "}},
	} {
		if got := strings.TrimRight(err.Error(), " "); got != strings.TrimRight(want, " ") {
			t.Errorf("text %q, want %q", got, want)
		}
	}
}

func TestCodeOf(t *testing.T) {
	inner := fault.New(fault.SourceUnavailable, "down")
	for name, test := range map[string]struct {
		err       error
		want      fault.Code
		retryable bool
	}{
		"nothing":             {nil, "", false},
		"another error":       {errors.New("x"), fault.Internal, false},
		"a fault":             {inner, fault.SourceUnavailable, true},
		"wrapped":             {fmt.Errorf("reading: %w", inner), fault.SourceUnavailable, true},
		"the outermost":       {fault.Wrap(fault.ConnectionInactive, "", inner), fault.ConnectionInactive, false},
		"joined":              {errors.Join(errors.New("x"), inner), fault.SourceUnavailable, true},
		"the first of a list": {fault.List{fault.New(fault.MissingField, ""), inner}, fault.MissingField, false},
		"a code of nobody":    {fault.New("made.up", ""), "made.up", false},
	} {
		if got := fault.CodeOf(test.err); got != test.want {
			t.Errorf("%s: code %q, want %q", name, got, test.want)
		}
		if got := fault.Retryable(test.err); got != test.retryable {
			t.Errorf("%s: retryable %t, want %t", name, got, test.retryable)
		}
	}
}

func TestIs(t *testing.T) {
	err := fmt.Errorf("x: %w", fault.Wrap(fault.RunNotFound, "m", fault.New(fault.Internal, "")))
	for code, want := range map[fault.Code]bool{fault.RunNotFound: true, fault.Internal: true, fault.RunNotOpen: false} {
		if got := errors.Is(err, &fault.Error{Code: code}); got != want {
			t.Errorf("Is %s = %t, want %t", code, got, want)
		}
	}
}

func TestList(t *testing.T) {
	var l fault.List
	if err := l.Err(); err != nil {
		t.Errorf("empty list is the error %v", err)
	}
	l.Add(fault.MissingField, "a", "x")
	if _, ok := l.Err().(*fault.Error); !ok { //nolint:errorlint // its very type is what is promised
		t.Errorf("a list of one is a %T, want the one", l.Err())
	}
	l.Add(fault.InvalidRequest, "b", "y")
	var list fault.List
	if !errors.As(l.Err(), &list) || len(list) != 2 {
		t.Errorf("a list of two is %v, want both", l.Err())
	}
}

// TestCodes reads the source for the codes that exist, and holds each against what is registered.
func TestCodes(t *testing.T) {
	declared := declaredCodes(t)
	if diff := cmp.Diff(declared, fault.Codes()); diff != "" {
		t.Errorf("registered codes (-declared +registered):\n%s", diff)
	}
	dotted := regexp.MustCompile(`^[a-z]+(\.[a-z_]+)?$`)
	for _, code := range fault.Codes() {
		class, ok := fault.Lookup(code)
		switch {
		case !ok:
			t.Errorf("%s: Codes has it and Lookup has not", code)
		case !dotted.MatchString(string(code)):
			t.Errorf("%s: is not dotted lower case", code)
		case class.Status < 400 || class.Status > 599:
			t.Errorf("%s: status %d is no error", code, class.Status)
		case class.Retryable != (class.Status == 503):
			t.Errorf("%s: retryable is %t and its status is %d; 503 tells clients to try again", code, class.Retryable, class.Status)
		case !strings.HasSuffix(class.Title, ".") || !strings.HasSuffix(class.Remedy, "."):
			t.Errorf("%s: title and remedy are whole sentences", code)
		}
	}
	if _, ok := fault.Lookup("made.up"); ok {
		t.Error("Lookup knows a code that nobody registered")
	}
}

func declaredCodes(t *testing.T) []fault.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []fault.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" {
			return true
		}
		for _, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok {
				code, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, fault.Code(code))
			}
		}
		return true
	})
	slices.Sort(codes)
	return codes
}
