// Package config turns a function's environment into one typed struct. All
// problems are reported at once; docs/architecture.md lists the variables.
package config

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/names"
)

// Lookup finds an environment variable, as os.LookupEnv does.
type Lookup func(name string) (string, bool)

// AWS loads the SDK's configuration: region, credentials, and the endpoints of
// AWS_ENDPOINT_URL_… where they are set.
func AWS(ctx context.Context) (aws.Config, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading AWS configuration: %w", err)
	}
	return cfg, nil
}

// Function is what every function knows of itself.
type Function = lambdahost.Function

// reader reads variables and keeps the problems.
type reader struct {
	lookup   Lookup
	problems []error
}

// required returns a variable that must be set.
func (r *reader) required(name string) string {
	value, _ := r.lookup(name)
	if value == "" {
		r.problems = append(r.problems, fmt.Errorf("%s is not set", name))
	}
	return value
}

// optional returns a variable, or its default when it is absent or empty.
func (r *reader) optional(name, otherwise string) string {
	if value, _ := r.lookup(name); value != "" {
		return value
	}
	return otherwise
}

func (r *reader) function() Function {
	f := Function{Name: r.optional("AWS_LAMBDA_FUNCTION_NAME", "local"), Version: r.optional("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")}
	if err := f.LogLevel.UnmarshalText([]byte(r.optional(names.EnvLogLevel, "INFO"))); err != nil {
		r.problems = append(r.problems, fmt.Errorf("%s must be one of DEBUG, INFO, WARN, ERROR", names.EnvLogLevel))
	}
	return f
}

func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("reading environment: %w", errors.Join(r.problems...))
}
