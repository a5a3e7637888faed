// Package e2e_test brings the whole product up once on this machine and holds it, from outside, to what it promises
// on bad input and on bad days.
//
// The tests share one stage, each in a workspace and below a prefix of the source bucket of its own. Tests that kill, abort or
// move the clock run one after the other; the rest runs beside each other.
package e2e_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite" // registers the database driver "sqlite"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/names"
)

// world is the stage, and the ways into it that a test has besides the API.
type world struct {
	*demo.Stage
	dir       string
	access    demo.Access // the customer's
	stem      string      // in every secret that is planted, so that one search finds them all
	http      *http.Client
	answers   record // everything that the API has answered
	store     *dynamostore.Store
	bucket    *s3.Client
	machines  *sfn.Client
	functions *awslambda.Client
	lake      *lake.Lake
	catalog   *sql.DB // the lake's
}

// here is the world of all tests. TestMain makes it; only the test of a restart changes it.
var here *world

func TestMain(m *testing.M) {
	code, err := perform(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func perform(m *testing.M) (code int, err error) {
	if err := os.Chdir(filepath.Join("..", "..")); err != nil { // where binaries and tools are found
		return 1, err
	}
	dir, err := os.MkdirTemp("", "headwater-e2e-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w := &world{dir: dir, stem: "c4n4ry+" + rand.Text() + "/"}
	w.access = demo.Access{ID: demo.NewAccess().ID, Secret: w.secret()}
	if err := w.open(context.Background()); err != nil {
		return 1, err
	}
	here = w
	code = m.Run()
	if err := w.close(); err != nil {
		return 1, err
	}
	leaks, err := demo.Leaks(dir, w.answers.bytes(), w.stem)
	if err == nil && len(leaks) > 0 {
		err = fmt.Errorf("a planted secret was found in %v", leaks)
	}
	return code, errors.Join(err, goleak.Find())
}

func (w *world) open(ctx context.Context) (err error) {
	if w.Stage, err = demo.NewStage(ctx, demo.StageConfig{Dir: w.dir, Customer: w.access, HoldSchedules: true}); err != nil {
		return err
	}
	for name, value := range w.Environ() { // the lake finds its credentials there
		if err := os.Setenv(name, value); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	w.http = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	at := func(url string) aws.Config {
		cfg := w.AWS()
		cfg.BaseEndpoint, cfg.HTTPClient = aws.String(url), w.http
		return cfg
	}
	w.store = dynamostore.New(dynamodb.NewFromConfig(at(w.URLs.DynamoDB)), w.Table)
	w.bucket = s3.NewFromConfig(at(w.URLs.S3), func(o *s3.Options) { o.UsePathStyle = true })
	w.machines = sfn.NewFromConfig(at(w.URLs.StepFunctions))
	w.functions = awslambda.NewFromConfig(at(w.URLs.Lambda))
	catalog := filepath.Join(w.dir, "catalog.db")
	w.lake, err = lake.Open(ctx, lake.Config{
		Catalog: lake.SQL, URI: catalog, Warehouse: "s3://" + w.Bucket + "/" + names.LakePrefix, Region: "us-east-1", S3Endpoint: w.URLs.S3,
	})
	if err != nil {
		return errors.Join(err, w.Close())
	}
	w.catalog, err = sql.Open("sqlite", "file:"+catalog+"?mode=ro&_pragma=busy_timeout(15000)")
	return err
}

func (w *world) close() error {
	err := errors.Join(w.lake.Close(), w.catalog.Close())
	w.http.CloseIdleConnections()
	return errors.Join(err, w.Close())
}

// secret makes up a secret access key that has the stem in it.
func (w *world) secret() string { return w.stem + rand.Text() }

// key plants an access key with these grants.
func (w *world) key(grants ...access.Grant) demo.Access {
	made := demo.Access{ID: demo.NewAccess().ID, Secret: w.secret()}
	w.Keys.Put(access.Key{ID: made.ID, Secret: made.Secret, Grants: grants})
	return made
}
