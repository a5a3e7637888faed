package asl

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/dop251/goja"
)

//go:embed jsonata.js
var glueSource string

// evaluationLimit ends an expression that does not end by itself.
const evaluationLimit = 10 * time.Second

// JSONata evaluates expressions with the official library. It is safe for concurrent use: each evaluation has a
// JavaScript runtime of its own while it lasts.
type JSONata struct {
	library, glue *goja.Program
	functions     functions
	runtimes      sync.Pool
}

// LoadJSONata reads the library, the file jsonata.min.js of the npm package jsonata 2, from path.
func LoadJSONata(path string) (*JSONata, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the jsonata library: %w", err)
	}
	library, err := goja.Compile("jsonata.min.js", string(source), false)
	if err != nil {
		return nil, fmt.Errorf("compiling the jsonata library: %w", err)
	}
	glue, err := goja.Compile("jsonata.js", glueSource, true)
	if err != nil {
		return nil, fmt.Errorf("compiling the binding to jsonata: %w", err)
	}
	js := &JSONata{library: library, glue: glue}
	first, err := js.newRuntime()
	if err != nil {
		return nil, err
	}
	js.runtimes.Put(first)
	return js, nil
}

// Check reports what is wrong with an expression without evaluating it: a syntax error, or a function that Step Functions
// does not have. Empty means nothing.
func (js *JSONata) Check(expression string) (string, error) {
	rt, err := js.borrow()
	if err != nil {
		return "", err
	}
	var problem string
	if err := rt.vm.Try(func() { problem = rt.check(expression) }); err != nil {
		return "", fmt.Errorf("checking an expression: %w", err)
	}
	js.runtimes.Put(rt)
	return problem, nil
}

// An evaluation comes out in one of these ways.
const (
	evaluatedJSON        = "json"
	evaluatedUndefined   = "undefined"
	evaluatedUnsupported = "unsupported"
	evaluatedError       = "error"
)

type evaluated struct {
	kind  string
	value json.RawMessage // for evaluatedJSON
	cause string          // for evaluatedError: "T2001: …"
}

// evaluate runs expression with bindings, the JSON object of its variables. The error is the interpreter's own: a
// cancelled context, never a fault of the expression.
func (js *JSONata) evaluate(ctx context.Context, expression string, bindings []byte) (evaluated, error) {
	rt, err := js.borrow()
	if err != nil {
		return evaluated{}, err
	}
	result, interrupted, err := rt.run(ctx, expression, bindings)
	switch {
	case !interrupted && err == nil:
		js.runtimes.Put(rt)
		return result, nil
	case ctx.Err() != nil:
		return evaluated{}, context.Cause(ctx)
	case err == nil: // the limit passed in the moment that the expression ended
		return result, nil
	case interrupted:
		return evaluated{kind: evaluatedError, cause: "the expression took longer than " + evaluationLimit.String()}, nil
	default:
		return evaluated{}, fmt.Errorf("evaluating an expression: %w", err)
	}
}

func (js *JSONata) borrow() (*runtime, error) {
	if rt, ok := js.runtimes.Get().(*runtime); ok {
		return rt, nil
	}
	return js.newRuntime()
}

// runtime is one JavaScript runtime with the library loaded. It is not safe for concurrent use.
type runtime struct {
	vm       *goja.Runtime
	check    func(expression string) string
	evaluate goja.Callable
}

func (js *JSONata) newRuntime() (*runtime, error) {
	vm := goja.New()
	vm.SetMaxCallStackSize(2048)
	if _, err := vm.RunProgram(js.library); err != nil {
		return nil, fmt.Errorf("starting the jsonata library: %w", err)
	}
	glue, err := vm.RunProgram(js.glue)
	if err != nil {
		return nil, fmt.Errorf("starting the binding to jsonata: %w", err)
	}
	bind, ok := goja.AssertFunction(glue)
	if !ok {
		return nil, errors.New("the binding to jsonata is not a function")
	}
	host := vm.NewObject()
	for name, function := range js.functions.hosted(vm) {
		if err := host.Set(name, function); err != nil {
			return nil, fmt.Errorf("offering $%s: %w", name, err)
		}
	}
	bound, err := bind(goja.Undefined(), vm.Get("jsonata"), host)
	if err != nil {
		return nil, fmt.Errorf("binding jsonata: %w", err)
	}
	rt := &runtime{vm: vm}
	object := bound.ToObject(vm)
	if err := vm.ExportTo(object.Get("check"), &rt.check); err != nil {
		return nil, fmt.Errorf("binding jsonata: %w", err)
	}
	if rt.evaluate, ok = goja.AssertFunction(object.Get("evaluate")); !ok {
		return nil, errors.New("the binding to jsonata has no evaluate")
	}
	return rt, nil
}

// run evaluates an expression. A runtime that was interrupted may be in any state, and must not be used again.
func (rt *runtime) run(ctx context.Context, expression string, bindings []byte) (result evaluated, interrupted bool, err error) {
	limited, stop := context.WithTimeout(ctx, evaluationLimit)
	defer stop()
	release := context.AfterFunc(limited, func() { rt.vm.Interrupt("stopped") })
	defer func() { interrupted = !release() }()

	// The promise is settled when the call returns: nothing in it waits for anything outside.
	done := func(kind, value, code string) {
		result.kind = kind
		switch {
		case kind == evaluatedJSON:
			result.value = json.RawMessage(value)
		case code != "":
			result.cause = code + ": " + value
		default:
			result.cause = value
		}
	}
	vm := rt.vm
	_, err = rt.evaluate(goja.Undefined(), vm.ToValue(expression), vm.ToValue(string(bindings)), vm.ToValue(done))
	if err == nil && result.kind == "" {
		result = evaluated{kind: evaluatedError, cause: "the expression did not come to an end"}
	}
	return result, false, err
}
