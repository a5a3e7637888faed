// Command key makes API keys:
//
//	go run ./scripts/key create --workspace acme --name "nightly export" --permissions "imports:read lake:read"
//
// It writes the key's item with the ambient AWS credentials and prints the key,
// alone, on standard output. The key is shown this once: only its hash is kept.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/headwaterhq/headwater/shared/authorizer"
	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/names"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "key:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, lookup config.Lookup, out io.Writer) error {
	if len(args) == 0 || args[0] != "create" {
		return errors.New("usage: key create --workspace ID [--name NAME] [--permissions LIST] [--expires-in DURATION] [--table NAME]")
	}
	key, table, err := parse(args[1:], lookup, time.Now().UTC())
	if err != nil {
		return err
	}
	aws, err := config.AWS(ctx)
	if err != nil {
		return err
	}
	text, hash := caller.NewKey()
	key.Hash = hash
	if err := dynamostore.New(dynamodb.NewFromConfig(aws), table).PutKey(ctx, key); err != nil {
		return fmt.Errorf("storing the key: %w", err)
	}
	_, err = fmt.Fprintln(out, text)
	return err
}

// parse reads the key to make, all but its hash, and the table it goes to.
func parse(args []string, lookup config.Lookup, now time.Time) (caller.Key, string, error) {
	flags := flag.NewFlagSet("key create", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error says what is wrong, once
	defaultTable, _ := lookup(names.EnvTable)
	table := flags.String("table", defaultTable, "DynamoDB table; "+names.EnvTable+" by default")
	workspace := flags.String("workspace", "", "workspace that the key opens")
	name := flags.String("name", "api key", "what the key is for")
	permissions := flags.String("permissions", strings.Join(caller.Permissions(), " "), "separated by spaces or commas; all by default")
	expires := flags.Duration("expires-in", 0, "how long the key is good for; 0 is forever")
	if err := flags.Parse(args); err != nil {
		return caller.Key{}, "", err
	}
	key := caller.Key{
		WorkspaceID: *workspace, Subject: "key:" + *name, Name: *name, CreatedAt: now,
		Permissions: strings.FieldsFunc(*permissions, func(r rune) bool { return r == ' ' || r == ',' }),
	}
	if *expires != 0 {
		key.ExpiresAt = now.Add(*expires)
	}
	var problems []error
	if flags.NArg() > 0 {
		problems = append(problems, errors.New("unexpected argument after the flags"))
	}
	if *table == "" {
		problems = append(problems, errors.New("--table or "+names.EnvTable+" must name the table"))
	}
	if !authorizer.IsWorkspace(*workspace) {
		problems = append(problems, errors.New("--workspace must be letters, digits, - and _, at most 64, beginning with a letter or digit"))
	}
	if *expires < 0 {
		problems = append(problems, errors.New("--expires-in must not be negative"))
	}
	for _, p := range key.Permissions {
		if !slices.Contains(caller.Permissions(), p) {
			problems = append(problems, fmt.Errorf("--permissions: %q is not one of %s", p, strings.Join(caller.Permissions(), ", ")))
		}
	}
	if len(key.Permissions) == 0 {
		problems = append(problems, errors.New("--permissions must name at least one"))
	}
	return key, *table, errors.Join(problems...)
}
