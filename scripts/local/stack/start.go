package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/asl/stepfunctions"
	"github.com/headwaterhq/headwater/scripts/local/bus"
	"github.com/headwaterhq/headwater/scripts/local/dynamo"
	"github.com/headwaterhq/headwater/scripts/local/gateway"
	"github.com/headwaterhq/headwater/scripts/local/lambda"
	"github.com/headwaterhq/headwater/scripts/local/objectstore"
	"github.com/headwaterhq/headwater/scripts/local/process"
	"github.com/headwaterhq/headwater/scripts/local/schedule"
	"github.com/headwaterhq/headwater/scripts/local/secretsmanager"
	"github.com/headwaterhq/headwater/scripts/local/sts"
	"github.com/headwaterhq/headwater/scripts/local/template"
	"github.com/headwaterhq/headwater/shared/names"
)

// ErrInUse is returned when another stack uses the directory.
var ErrInUse = errors.New("another laptop stack uses the same directory")

func (s *Stack) takeDirectory(context.Context) error {
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("making the stack's directory: %w", err)
	}
	release, err := lock(s.cfg.path("lock"))
	if err != nil {
		return err
	}
	s.onClose(release)
	s.nursery = process.NewNursery()
	s.onClose(func() error { s.nursery.Close(); return nil })
	return nil
}

// startStores brings up what keeps data.
func (s *Stack) startStores(ctx context.Context) error {
	buckets := s.cfg.Buckets
	for _, b := range s.declared.Buckets {
		buckets = append(buckets, b.Name)
	}
	s3, err := objectstore.Open(objectstore.Config{Dir: s.cfg.path("s3"), Region: s.cfg.Region, Ring: s.Keys, Buckets: buckets})
	if err != nil {
		return err
	}
	secrets, err := secretsmanager.Open(secretsmanager.Config{
		Path: s.cfg.path("secrets", "secrets.enc"), KeyPath: s.cfg.path("keys", "secrets.key"), Region: s.cfg.Region, Account: s.cfg.Account,
	})
	if err != nil {
		return err
	}
	if err := errors.Join(
		s.listen("S3", s.cfg.Ports.S3, s3, &s.URLs.S3),
		s.listen("Secrets Manager", s.cfg.Ports.SecretsManager, access.Guard(s.Keys, s.secretNeeds, secrets), &s.URLs.SecretsManager),
		s.listen("STS", s.cfg.Ports.STS, sts.Handler(s.Keys, s.cfg.Account, s.Roles), &s.URLs.STS),
	); err != nil {
		return err
	}
	db, err := dynamo.Start(ctx, dynamo.Config{
		Program: filepath.Join(s.cfg.ToolDir, "amplify-dynamodb-simulator", "emulator"), Dir: s.cfg.path("dynamodb"),
		Region: s.cfg.Region, LogPath: s.cfg.path("logs", "dynamodb.log"), Nursery: s.nursery, Tables: s.declared.Tables,
	})
	if err != nil {
		return err
	}
	s.onClose(db.Close)
	table, err := s.forward(db.URL)
	if err != nil {
		return err
	}
	return s.listen("DynamoDB", s.cfg.Ports.DynamoDB, access.Guard(s.Keys, s.itemNeeds, table), &s.URLs.DynamoDB)
}

// startFunctions makes the functions ready to be invoked. They learn where Step Functions and EventBridge are when they
// start, so those listen before anything is invoked: a port that is free is taken for them here.
func (s *Stack) startFunctions(context.Context) error {
	machines, events := &late{}, &late{}
	if err := errors.Join(
		s.listen("Step Functions", s.cfg.Ports.StepFunctions, machines, &s.URLs.StepFunctions),
		s.listen("EventBridge", s.cfg.Ports.EventBridge, events, &s.URLs.EventBridge),
	); err != nil {
		return err
	}
	invoke := &late{}
	if err := s.listen("Lambda", s.cfg.Ports.Lambda, invoke, &s.URLs.Lambda); err != nil {
		return err
	}
	functions, err := s.describeFunctions()
	if err != nil {
		return err
	}
	s.functions, err = lambda.Open(lambda.Config{
		Functions: functions, Nursery: s.nursery, LogDir: s.cfg.path("logs"), TempDir: s.cfg.path("tmp"), MaxEnvironments: cmp.Or(s.cfg.MaxEnvironments, max(minEnvironments, 2*runtime.NumCPU())),
	})
	if err != nil {
		return err
	}
	s.onClose(s.functions.Close)
	invoke.set(access.Guard(s.Keys, invokeNeeds, s.functions.Handler()))
	if s.bus, err = bus.New(s.cfg.Region, s.cfg.Account, s.declared.Rules, s.deliver); err != nil {
		return err
	}
	events.set(access.Guard(s.Keys, eventNeeds, s.bus.Handler()))
	if err := s.openMachines(); err != nil {
		return err
	}
	machines.set(access.Guard(s.Keys, machineNeeds, s.machines.Handler()))
	return nil
}

// minEnvironments is how many processes of a function run at once on the smallest machine.
const minEnvironments = 4

// describeFunctions says how each function is run. All binaries that are missing are reported at once.
func (s *Stack) describeFunctions() ([]lambda.Function, error) {
	var out []lambda.Function
	var missing []string
	for _, f := range s.declared.Functions {
		name := strings.TrimPrefix(f.Name, names.Stack+"-")
		bootstrap := filepath.Join(s.cfg.BinDir, name, "bootstrap")
		if _, err := os.Stat(bootstrap); err != nil {
			missing = append(missing, name)
		}
		out = append(out, lambda.Function{
			Name: f.Name, ARN: f.ARN, Bootstrap: bootstrap, MemoryMB: f.MemoryMB, Timeout: f.Timeout,
			Env: s.environment(f), AsyncRetries: f.AsyncRetries,
		})
	}
	if missing != nil {
		return nil, fmt.Errorf("these functions are not built: %s; run make build", strings.Join(missing, ", "))
	}
	return out, nil
}

// environment is the deployed one, with the laptop's lake catalog and what the configuration puts over it. A function has a
// key of its own that may do what its role allows; without a policy in the template it has the platform's.
func (s *Stack) environment(f template.Function) map[string]string {
	env := map[string]string{}
	maps.Copy(env, f.Environment)
	if _, ok := env[names.EnvLakeCatalog]; ok {
		env[names.EnvLakeCatalog] = names.CatalogSQL
		env[names.EnvLakeCatalogURI] = "file:" + s.cfg.path("catalog.db")
	}
	for name, value := range s.cfg.Env {
		if _, ok := env[name]; ok || strings.HasPrefix(name, names.EnvEndpointPrefix) {
			env[name] = value
		}
	}
	maps.Copy(env, s.Environ())
	if len(f.Allowed) > 0 {
		key := newKey(grants(f.Allowed)...)
		s.Keys.Put(key)
		env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"] = key.ID, key.Secret
	}
	return env
}

func (s *Stack) deliver(targetARN string, event []byte) error {
	return s.functions.InvokeAsync(functionName(targetARN), event)
}

func (s *Stack) openMachines() error {
	js, err := asl.LoadJSONata(filepath.Join(s.cfg.ToolDir, "jsonata", "jsonata.min.js"))
	if err != nil {
		return err
	}
	log, err := os.OpenFile(s.cfg.path("logs", "stepfunctions.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log of Step Functions: %w", err)
	}
	s.onClose(log.Close)
	s.machines, err = stepfunctions.Open(stepfunctions.Config{
		Folder: s.cfg.path("stepfunctions"), Region: s.cfg.Region, Account: s.cfg.Account,
		Interpreter: asl.Interpreter{
			JSONata: js, Invoker: invoker{s.functions}, Objects: s.objects(), Clock: asl.SystemClock{}, Random: rand.Float64,
		},
		OnStatusChange: s.onStatusChange,
		Logger:         slog.New(slog.NewJSONHandler(log, nil)),
	})
	if err != nil {
		return err
	}
	s.onClose(func() error { s.machines.Close(); return nil })
	return nil
}

// startMachines registers the state machines, and ends what an earlier stack left running.
func (s *Stack) startMachines(ctx context.Context) error {
	for _, m := range s.declared.Machines {
		if _, err := s.machines.Register(m.Name, []byte(m.Definition), nil, m.RoleARN); err != nil {
			return err
		}
	}
	return s.machines.Recover(ctx)
}

func (s *Stack) startAPI(context.Context) error {
	api := gateway.New(gateway.Config{API: *s.declared.API, Invoke: s.functions.Invoke, Region: s.cfg.Region, Account: s.cfg.Account})
	return s.listen("API", s.cfg.Ports.API, api, &s.URLs.API)
}

func (s *Stack) startSchedules(context.Context) error {
	var err error
	s.scheduler, err = schedule.Open(schedule.Config{
		Schedules: s.declared.Schedules, Start: s.startExecution, Path: s.cfg.path("schedules.json"), Hold: s.cfg.HoldSchedules,
	})
	if err != nil {
		return err
	}
	s.onClose(func() error { s.scheduler.Close(); return nil })
	return s.listen("control", s.cfg.Ports.Control, s.control(), &s.URLs.Control)
}
