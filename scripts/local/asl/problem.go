package asl

import (
	"fmt"
	"strings"
)

// Problem is one reason to refuse a definition.
type Problem struct {
	Path    string // where, as a JSON path: $.States.Load.Retry[0]
	Message string
}

func (p Problem) String() string { return p.Path + ": " + p.Message }

// Problems are all the reasons to refuse a definition.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return "the state machine is refused: " + strings.Join(lines, "; ")
}

func (p *Problems) add(path, format string, arguments ...any) {
	*p = append(*p, Problem{Path: path, Message: fmt.Sprintf(format, arguments...)})
}

func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
