// Package stack brings up, on one machine, what the CloudFormation template declares: the same binaries, state machines and
// wire protocols that AWS would run.
package stack

import (
	"cmp"
	"net/http"
	"path/filepath"

	"github.com/headwaterhq/headwater/scripts/local/access"
)

// Config is what a stack is brought up with. Only Template and BinDir are required.
type Config struct {
	Template string // path of the synthesized template
	BinDir   string // <BinDir>/<function>/bootstrap
	Dir      string // where everything is kept; .local unless set. Only one stack at a time may use it
	ToolDir  string // where DynamoDB Local and jsonata are unpacked; <Dir>/tools unless set
	Ports    Ports  // free ones where 0

	Keys    []access.Key // access keys besides the platform's own, for S3 and STS
	Buckets []string     // buckets besides the template's
	// Env goes over the environment of the functions, for variables that a function has: those of the template, and for
	// functions with a lake HEADWATER_LAKE_CATALOG_URI, which is file:<Dir>/catalog.db unless set; and for all HEADWATER_ENDPOINT_….
	Env map[string]string

	Region, Account string // us-east-1 and 000000000000 unless set
	MaxEnvironments int    // processes per function; two per core, four at least, unless set
	HoldSchedules   bool   // schedules fire only when the clock is advanced

	// Between stands before each component that listens, by its name as Report has it, and may hinder what comes to it.
	Between func(component string, next http.Handler) http.Handler
	// Report is told of every component as it comes up.
	Report func(component, where string)
}

// Ports are where the stack listens, on 127.0.0.1.
type Ports struct {
	API, Control, S3, DynamoDB, SecretsManager, StepFunctions, STS, Lambda, EventBridge int
}

func (c Config) withDefaults() (Config, error) {
	var err error
	c.Dir = cmp.Or(c.Dir, ".local")
	c.ToolDir = cmp.Or(c.ToolDir, filepath.Join(c.Dir, "tools"))
	// Functions run in a directory of their own, so that no path may depend on ours.
	for _, path := range []*string{&c.Template, &c.BinDir, &c.Dir, &c.ToolDir} {
		if *path, err = filepath.Abs(*path); err != nil {
			return c, err
		}
	}
	c.Region = cmp.Or(c.Region, "us-east-1")
	c.Account = cmp.Or(c.Account, "000000000000")
	if c.Report == nil {
		c.Report = func(string, string) {}
	}
	if c.Between == nil {
		c.Between = func(_ string, next http.Handler) http.Handler { return next }
	}
	return c, nil
}

func (c Config) path(elements ...string) string {
	return filepath.Join(append([]string{c.Dir}, elements...)...)
}
