package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/scripts/local/asl/stepfunctions"
	"github.com/headwaterhq/headwater/scripts/local/bus"
	"github.com/headwaterhq/headwater/scripts/local/lambda"
	"github.com/headwaterhq/headwater/scripts/local/process"
	"github.com/headwaterhq/headwater/scripts/local/schedule"
	"github.com/headwaterhq/headwater/scripts/local/sts"
	"github.com/headwaterhq/headwater/scripts/local/template"
	"github.com/headwaterhq/headwater/shared/names"
)

// Stack is a stack that is up. Close it to end everything that it started.
type Stack struct {
	URLs     URLs
	Platform access.Key // may do everything, as the deployed roles may together
	Keys     *access.Ring
	Roles    *sts.Roles // roles of anybody's account, which STS gives to whom they trust; at first the deployment's own alone
	Table    string     // the DynamoDB table
	Bucket   string     // the lake

	cfg       Config
	declared  *template.Stack
	nursery   *process.Nursery
	functions *lambda.Server
	machines  *stepfunctions.Service
	bus       *bus.Bus
	scheduler *schedule.Scheduler
	closers   []func() error // closed last to first
}

// URLs are where the parts of the stack answer.
type URLs struct {
	API, Control, S3, DynamoDB, SecretsManager, StepFunctions, STS, Lambda, EventBridge string
}

// Start brings the stack up and returns when its API answers. When it fails, nothing is left behind.
func Start(ctx context.Context, cfg Config) (*Stack, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("starting the stack: %w", err)
	}
	s := &Stack{cfg: cfg, Platform: newKey(access.Everything("*")), Roles: sts.NewRoles()}
	s.Keys = access.NewRing(append(cfg.Keys, s.Platform)...)
	if err := s.Roles.Put(sts.Federation(cfg.Account)); err != nil {
		return nil, fmt.Errorf("starting the stack: %w", err)
	}
	for _, step := range []func(context.Context) error{
		s.readTemplate, s.takeDirectory, s.startStores, s.startFunctions, s.startMachines, s.startAPI, s.startSchedules,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// Close ends everything, the newest first, and waits for it.
func (s *Stack) Close() error {
	var problems []error
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		problems = append(problems, s.closers[last]())
		s.closers = s.closers[:last]
	}
	return errors.Join(problems...)
}

func (s *Stack) onClose(f func() error) { s.closers = append(s.closers, f) }

// AdvanceClock moves the time of the schedules forward, and starts what became due: each schedule once, for its latest slot.
func (s *Stack) AdvanceClock(d time.Duration) ([]schedule.Fired, error) {
	return s.scheduler.Advance(d)
}

// KillFunction kills, with SIGKILL, one process of a function that is in the middle of an invocation, and says whether
// there was one. The function is named with or without the stack's prefix.
func (s *Stack) KillFunction(name string) bool {
	return s.functions.Kill(names.Stack + "-" + strings.TrimPrefix(name, names.Stack+"-"))
}

// MachineARN is the ARN of a state machine, named without the stack's prefix.
func (s *Stack) MachineARN(name string) string {
	return "arn:aws:states:" + s.cfg.Region + ":" + s.cfg.Account + ":stateMachine:" + names.Stack + "-" + name
}

// Environ is the environment with which an AWS SDK reaches the stack as the platform.
func (s *Stack) Environ() map[string]string {
	return map[string]string{
		"AWS_REGION":                       s.cfg.Region,
		"AWS_DEFAULT_REGION":               s.cfg.Region,
		"AWS_ACCESS_KEY_ID":                s.Platform.ID,
		"AWS_SECRET_ACCESS_KEY":            s.Platform.Secret,
		"AWS_EC2_METADATA_DISABLED":        "true",
		"AWS_ENDPOINT_URL_S3":              s.URLs.S3,
		"AWS_ENDPOINT_URL_DYNAMODB":        s.URLs.DynamoDB,
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": s.URLs.SecretsManager,
		"AWS_ENDPOINT_URL_SFN":             s.URLs.StepFunctions,
		"AWS_ENDPOINT_URL_STS":             s.URLs.STS,
		"AWS_ENDPOINT_URL_LAMBDA":          s.URLs.Lambda,
		"AWS_ENDPOINT_URL_EVENTBRIDGE":     s.URLs.EventBridge,
	}
}

func (s *Stack) readTemplate(context.Context) error {
	f, err := os.Open(s.cfg.Template)
	if err != nil {
		return fmt.Errorf("reading the template: %w", err)
	}
	defer f.Close()
	s.declared, err = template.Parse(f, names.Stack, template.Place{Region: s.cfg.Region, Account: s.cfg.Account})
	if err != nil {
		return fmt.Errorf("reading the template: %w", err)
	}
	if s.declared.API == nil || len(s.declared.Tables) == 0 {
		return errors.New("reading the template: it declares no API or no table")
	}
	s.Table = s.declared.Tables[0].Name
	for _, f := range s.declared.Functions {
		if bucket := f.Environment[names.EnvBucket]; bucket != "" {
			s.Bucket = bucket
		}
	}
	return nil
}

// listen serves a part of the stack until Close.
func (s *Stack) listen(component string, port int, h http.Handler, url *string) error {
	address, stop, err := serve(port, s.cfg.Between(component, h))
	if err != nil {
		return fmt.Errorf("starting %s: %w", component, err)
	}
	s.onClose(stop)
	*url = address
	s.cfg.Report(component, address)
	return nil
}
