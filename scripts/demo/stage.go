package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/scripts/local/stack"
	"github.com/headwaterhq/headwater/scripts/seed/dataset"
	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/names"
)

// SourceBucket is the bucket that plays the customer's own.
const SourceBucket = "demo-shop"

// Stage is the laptop stack with a customer's bucket and a key that may read it.
type Stage struct {
	*stack.Stack
	Customer Access // may read SourceBucket, and nothing else

	lake map[string]string // where the functions find it, by variable
}

// StageConfig says where a stage is built. Only Dir is required.
type StageConfig struct {
	Dir           string // keeps everything; one stage at a time
	Ports         stack.Ports
	Customer      Access // a new one when empty
	HoldSchedules bool   // schedules fire only when the clock is advanced
	// Endpoints are the base URLs of platforms' services, by service; none is where the platform has it.
	Endpoints map[string]string
	Between   func(component string, next http.Handler) http.Handler // may hinder what comes to a component of the stack
	Report    func(component, where string)
}

// NewStage brings the stack up. It finds the binaries and tools where
// `make build tools` puts them, so the working directory must be the repository's root.
func NewStage(ctx context.Context, cfg StageConfig) (*Stage, error) {
	customer := cfg.Customer
	if customer == (Access{}) {
		customer = NewAccess()
	}
	s, err := stack.Start(ctx, stack.Config{
		Template: "infra/testdata/headwater.template.json", BinDir: ".local/bin", ToolDir: ".local/tools", Dir: cfg.Dir, Ports: cfg.Ports,
		Keys:          []access.Key{{ID: customer.ID, Secret: customer.Secret, Grants: []access.Grant{access.ReadOnly(SourceBucket)}}},
		Buckets:       []string{SourceBucket},
		Env:           environment(cfg),
		HoldSchedules: cfg.HoldSchedules, Between: cfg.Between, Report: cfg.Report,
	})
	if err != nil {
		return nil, err
	}
	return &Stage{Stack: s, Customer: customer, lake: map[string]string{
		names.EnvTable: s.Table, names.EnvBucket: s.Bucket,
		names.EnvLakeCatalog: names.CatalogSQL, names.EnvLakeCatalogURI: catalogFile(cfg.Dir),
	}}, nil
}

// Environ is the environment in which a program works on the stack's table, objects and lake as the platform.
func (s *Stage) Environ() map[string]string {
	env := s.Stack.Environ()
	maps.Copy(env, s.lake)
	return env
}

// environment is what the functions get beside what the template says.
func environment(cfg StageConfig) map[string]string {
	env := map[string]string{
		names.EnvLakeCatalog:    names.CatalogSQL,
		names.EnvLakeCatalogURI: catalogFile(cfg.Dir),
	}
	for service, url := range cfg.Endpoints {
		env[names.EnvEndpointPrefix+strings.ToUpper(service)] = url
	}
	return env
}

func catalogFile(dir string) string {
	path, err := filepath.Abs(filepath.Join(dir, "catalog.db"))
	if err != nil {
		panic("demo: no working directory: " + err.Error())
	}
	return path
}

// NewAccess makes up an access key. The secret has what real ones have and
// what encodings trip over: + and /.
func NewAccess() Access {
	return Access{ID: "AKIADEMO" + rand.Text()[:12], Secret: "c4n4ry+" + rand.Text() + "/" + rand.Text()[:6]}
}

// Source is where the customer's data is put.
func (s *Stage) Source() dataset.Bucket {
	return dataset.Bucket{Client: s3.NewFromConfig(s.AWS()), Name: SourceBucket, Prefix: Prefix}
}

// AWS is a configuration that reaches the stack as the platform.
func (s *Stage) AWS() aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider(s.Platform.ID, s.Platform.Secret, ""),
		BaseEndpoint: aws.String(s.URLs.S3),
	}
}

// NewClient makes an API key of a workspace, with all permissions, and returns a client that carries it.
func (s *Stage) NewClient(ctx context.Context, workspace string) (*Client, error) {
	cfg := s.AWS()
	cfg.BaseEndpoint = aws.String(s.URLs.DynamoDB)
	text, hash := caller.NewKey()
	key := caller.Key{
		Hash: hash, WorkspaceID: workspace, Subject: "key:demo", Name: "demo",
		Permissions: caller.Permissions(), CreatedAt: time.Now().UTC(),
	}
	if err := dynamostore.New(dynamodb.NewFromConfig(cfg), s.Table).PutKey(ctx, key); err != nil {
		return nil, fmt.Errorf("storing an API key: %w", err)
	}
	return &Client{URL: s.URLs.API, Key: text}, nil
}

// Day moves the schedules' clock by a day and an hour, so that the last slot is later than
// whatever was scheduled a moment ago, and wants every schedule to have fired.
func (s *Stage) Day() error {
	const schedules = 3 // dispatch-imports, daily-upkeep, maintain-lake
	fired, err := s.AdvanceClock(25 * time.Hour)
	if err != nil {
		return fmt.Errorf("advancing the clock: %w", err)
	}
	if len(fired) != schedules {
		return fmt.Errorf("advancing the clock by a day fired %d schedules, want %d", len(fired), schedules)
	}
	return nil
}
