//go:build crosscheck

package datafile_test

import (
	"os"
	"os/exec"
	"testing"
)

// PyArrow, on which PyIceberg reads, must find in the golden file what was written.
// See shared/lake for HEADWATER_CROSSCHECK_PYTHON.
func TestPyArrowAgrees(t *testing.T) {
	python := os.Getenv("HEADWATER_CROSSCHECK_PYTHON")
	if python == "" {
		t.Fatal("HEADWATER_CROSSCHECK_PYTHON is not set")
	}
	command := exec.CommandContext(t.Context(), python, "../../../scripts/crosscheck/formulas.py", golden)
	command.Stderr = os.Stderr
	differing, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if len(differing) > 0 {
		t.Errorf("columns that differ:\n%s", differing)
	}
}
