package simulation_test

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/scripts/local/objectstore"
	"github.com/headwaterhq/headwater/scripts/local/sts"
	"github.com/headwaterhq/headwater/scripts/platforms"
	"github.com/headwaterhq/headwater/scripts/simulation"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/all"
)

var (
	days = flag.Int("days", 30, "days that a simulation takes")
	seed = flag.Uint64("seed", 1, "seed of the changes and of the kills; 0 takes another one each time")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestThirtyDays lets the same table change for thirty days on every platform, runs imports of every mode each day while
// workers die at random, and wants the lake to hold what the plain model says after each run.
func TestThirtyDays(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("go test ./scripts/simulation -seed %d", *seed)
	w := newWorld(t)
	for n, place := range w.places {
		t.Run(place.Platform, func(t *testing.T) {
			t.Parallel()
			simulate(t, w.engine(uint64(n)), place)
		})
	}
}

// world is all platforms and a lake.
type world struct {
	lake     *lake.Lake
	registry *source.Registry
	places   []simulation.Place
}

// engine is one with a store of its own, whose workers die as the seed says.
func (w *world) engine(n uint64) *simulation.Engine {
	return &simulation.Engine{
		Store: memstore.New(), Objects: &memstore.Objects{}, Lake: w.lake, Registry: w.registry,
		Random: rand.New(rand.NewPCG(*seed, n)),
	}
}

const (
	lakeBucket = "lake"
	ownBucket  = "customers"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	key := access.Key{ID: "AKSIMULATION", Secret: "simulation", Grants: []access.Grant{access.Everything("*")}}
	ring := access.NewRing(key)
	store, err := objectstore.Open(objectstore.Config{Dir: t.TempDir(), Region: "us-east-1", Ring: ring, Buckets: []string{lakeBucket, ownBucket}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(store)
	t.Cleanup(server.Close)
	tokens := httptest.NewServer(sts.Handler(ring, "000000000000", sts.NewRoles()))
	t.Cleanup(tokens.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": key.ID, "AWS_SECRET_ACCESS_KEY": key.Secret, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ENDPOINT_URL_S3": server.URL, "AWS_ENDPOINT_URL_STS": tokens.URL, "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true", "SF_DISABLE_MINICORE": "true",
	} {
		t.Setenv(name, value)
	}
	landed, err := lake.Open(t.Context(), lake.Config{
		Catalog: lake.SQL, URI: filepath.Join(t.TempDir(), "catalog.db"), Warehouse: "s3://" + lakeBucket + "/lake", Region: "us-east-1", S3Endpoint: server.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := landed.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{lake: landed}
	endpoints := w.platforms(t)
	w.places = append(w.places, simulation.InFiles("s3", map[string]any{"bucket": ownBucket, "region": "us-east-1"},
		map[string]any{"method": "access_key", "access_key_id": key.ID, "secret_access_key": key.Secret}, put(t)))
	w.registry = source.NewRegistry(all.Drivers(func(service string) string { return endpoints[service] })...)
	return w
}

// platforms starts BigQuery, Cloud Storage and Snowflake.
func (w *world) platforms(t *testing.T) map[string]string {
	t.Helper()
	google, err := platforms.StartGoogle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(google.Close)
	if w.places, err = simulation.InGoogle(t.Context(), google); err != nil {
		t.Fatal(err)
	}
	place, snowflake, err := simulation.InSnowflake(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(snowflake.Close)
	w.places = append(w.places, place)
	endpoints := google.Endpoints()
	endpoints[source.EndpointSnowflake] = snowflake.URL
	return endpoints
}

// put keeps objects in the customer's bucket.
func put(t *testing.T) simulation.Put {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	return func(ctx context.Context, name string, body []byte) error {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(ownBucket), Key: &name, Body: bytes.NewReader(body)})
		return err
	}
}

// simulate lets the days pass in one place. Upkeep goes over the lake every fourth day, so that it does in the shortest simulation too.
func simulate(t *testing.T, engine *simulation.Engine, place simulation.Place) {
	ctx := t.Context()
	table := simulation.NewSource(*seed, time.Now)
	models := map[string]*simulation.Model{}
	froms, left := map[string]string{}, map[string]int{} // rows that runs left alone, by cursor
	var imports []ingest.Import
	for day := range *days {
		table.Day()
		if err := place.Put(ctx, table.Rows); err != nil {
			t.Fatalf("day %d: changing the table: %v", day, err)
		}
		if day == 0 {
			imports = create(t, engine, place, models)
		}
		for _, i := range imports {
			model := models[i.ID]
			r, err := engine.Run(ctx, i)
			if err != nil || r.Status != ingest.Succeeded {
				t.Fatalf("day %d: %s is %s: %v", day, i.Name, r.Status, err)
			}
			if want := froms[i.ID]; model.Tells() && r.From != want {
				t.Fatalf("day %d: %s read from %q, want %q", day, i.Name, r.From, want)
			}
			if rows := model.Overlooked(table.Rows, r.From); len(rows) > 0 {
				t.Fatalf("day %d: %s read from %q, and overlooked %v", day, i.Name, r.From, rows)
			}
			froms[i.ID] = model.From(table.Rows, r.From)
			read, landed, quarantined := model.Run(table.Rows, r.From)
			if model.Cursor != "" {
				left[model.Cursor] += len(table.Rows) - read
			}
			if got := r.Counts; got.RowsRead != int64(read) || got.RowsWritten != int64(landed) || got.RowsQuarantined != int64(quarantined) {
				t.Errorf("day %d: %s counted %+v, want %d read, %d landed, %d quarantined", day, i.Name, got, read, landed, quarantined)
			}
			if r.Proved == nil || r.Proved.Verdict == ingest.Incomplete {
				t.Errorf("day %d: %s is proved as %+v", day, i.Name, r.Proved)
			}
			if day%4 == 3 {
				if err := engine.Maintain(ctx, i); err != nil {
					t.Fatal(err)
				}
			}
			rows, err := simulation.Rows(ctx, engine.Lake, lake.TableOf(i))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(model.Rows(), rows); diff != "" {
				t.Fatalf("day %d: %s (-model +lake):\n%s", day, i.Name, diff)
			}
		}
	}
	leftAlone(t, left)
}

// leftAlone wants runs by every cursor to have left rows alone: one that reads everything again would be right by accident.
func leftAlone(t *testing.T, left map[string]int) {
	t.Helper()
	for cursor, rows := range left {
		if rows == 0 {
			t.Errorf("no run by %s left a row alone", cursor)
		}
	}
}

// create connects to a place and creates its imports.
func create(t *testing.T, engine *simulation.Engine, place simulation.Place, models map[string]*simulation.Model) []ingest.Import {
	t.Helper()
	c, err := engine.Connect(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	var imports []ingest.Import
	for _, n := range simulation.Imports() {
		i, err := engine.Create(t.Context(), c, place, n)
		if err != nil {
			t.Fatalf("%s: %v", n.Name, err)
		}
		models[i.ID] = simulation.NewModel(n)
		imports = append(imports, i)
	}
	return imports
}
