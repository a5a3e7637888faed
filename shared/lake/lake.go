// Package lake lands rows in Apache Iceberg tables on S3 and reads them back.
//
// Workers write data files (Writer) and hand their descriptions on as bytes;
// one committer makes all files of a run visible in one snapshot (Commit, or by
// key Merge), exactly once by run id however often it is called and whoever else
// commits. Maintain keeps tables fast to read beside them.
//
// The catalog is configuration: "glue" on AWS, "sql" (SQLite) on a laptop. A
// conflict between writers is found by both in the same way: the catalog
// replaces a table's metadata pointer only if it still is what the writer read
// (Glue's VersionId, SQL's WHERE metadata_location = …).
package lake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
	"github.com/apache/iceberg-go/utils"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
)

// The catalogs.
const (
	Glue = names.CatalogGlue // AWS Glue Data Catalog
	SQL  = names.CatalogSQL  // SQLite, for one machine
)

// RunIDKey is the snapshot summary property that holds the run id.
const RunIDKey = "headwater.run-id"

// DefaultTargetFileBytes is the size at which a Writer begins another data file.
const DefaultTargetFileBytes = 128 << 20

// DefaultMergeRows is how many rows a merge compares in memory, in about 150 bytes each.
const DefaultMergeRows = 1 << 20

// DefaultOpenPartitions is to how many partitions a writer writes at once: all that a table without days has.
const DefaultOpenPartitions = 64

// DefaultHoldBytes is how many bytes of rows a writer to partitions has in memory before it writes them.
const DefaultHoldBytes = 48 << 20

// DefaultSpillBytes is how many bytes of rows wait in temporary files for those of the same partition.
const DefaultSpillBytes = 1 << 30

// Config says where the lake is. AWS credentials are not here: they come from
// the SDK's default chain, which refreshes them when they expire.
type Config struct {
	Catalog         string // Glue or SQL
	URI             string // SQL: a file name or a SQLite "file:" DSN
	Warehouse       string // "s3://bucket/prefix"
	Region          string // empty: the SDK's default
	S3Endpoint      string // empty: AWS; else a URL, addressed path-style
	TargetFileBytes int64  // 0: DefaultTargetFileBytes
	MergeRows       int64  // how many rows a merge compares in memory; 0: DefaultMergeRows
	OpenPartitions  int    // to how many partitions a writer writes at once: beyond, it sorts; 0: DefaultOpenPartitions
	HoldBytes       int64  // how many bytes of rows a writer to partitions has in memory; 0: DefaultHoldBytes
	SpillBytes      int64  // how many bytes a writer to partitions keeps in temporary files; 0: DefaultSpillBytes
}

// Lake is an open lake. It may be used concurrently.
type Lake struct {
	catalog        catalog.Catalog
	aws            *aws.Config
	warehouse      string
	targetBytes    int64
	mergeRows      int64
	holdBytes      int64
	openPartitions int
	spillBytes     int64
	closers        []func() error
}

// Open connects to the catalog; a SQL catalog's tables are created if they are missing.
func Open(ctx context.Context, cfg Config) (*Lake, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	l := &Lake{warehouse: strings.TrimRight(cfg.Warehouse, "/")}
	l.targetBytes = cmp.Or(cfg.TargetFileBytes, DefaultTargetFileBytes)
	l.mergeRows = cmp.Or(cfg.MergeRows, DefaultMergeRows)
	l.openPartitions = cmp.Or(cfg.OpenPartitions, DefaultOpenPartitions)
	l.holdBytes, l.spillBytes = cmp.Or(cfg.HoldBytes, DefaultHoldBytes), cmp.Or(cfg.SpillBytes, DefaultSpillBytes)
	if err := l.openAWS(ctx, cfg); err != nil {
		return nil, err
	}
	if err := l.openCatalog(cfg); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (c Config) validate() error {
	switch {
	case c.Catalog != Glue && c.Catalog != SQL:
		return fmt.Errorf("the catalog must be %q or %q", Glue, SQL)
	case c.Catalog == SQL && c.URI == "":
		return errors.New("a SQL catalog needs a URI")
	case !strings.HasPrefix(c.Warehouse, "s3://"):
		return errors.New(`the warehouse must begin with "s3://"`)
	case c.TargetFileBytes < 0:
		return errors.New("the target file size must not be negative")
	case c.OpenPartitions < 0:
		return errors.New("the open partitions must not be negative")
	case c.MergeRows < 0 || c.HoldBytes < 0 || c.SpillBytes < 0:
		return errors.New("what waits in memory or in temporary files must not be negative")
	}
	return nil
}

// Close releases connections. Writers must be closed or aborted before.
func (l *Lake) Close() error {
	var errs []error
	for _, closer := range l.closers {
		errs = append(errs, closer())
	}
	l.closers = nil
	return errors.Join(errs...)
}

// TableID names a table: Name is unique in the workspace.
type TableID struct {
	Workspace string
	Name      string
}

// TableOf is the table that an import lands in.
func TableOf(i ingest.Import) TableID { return TableID{Workspace: i.WorkspaceID, Name: i.TableName()} }

// String is the table's full name, as query engines write it.
func (id TableID) String() string { return id.namespace() + "." + id.table() }

func (id TableID) table() string { return plain(id.Name) }

// namespace is the workspace's own: query engines grant rights by it, so no two workspaces may share one. Of those whose
// plain form others could have too, it ends in two underscores, which no other has, and a hash.
func (id TableID) namespace() string {
	own := names.NamespacePrefix + plain(id.Workspace)
	if unmistakable.MatchString(id.Workspace) {
		return own
	}
	sum := sha256.Sum256([]byte(id.Workspace))
	return own + "__" + hex.EncodeToString(sum[:8])
}

// unmistakable are the workspaces that their plain form stands for alone.
var unmistakable = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (id TableID) identifier() table.Identifier { return id.Ref().identifier() }

// plain is a name as Glue, Athena and SQL take it without quotes.
func plain(name string) string { return strings.ReplaceAll(strings.ToLower(name), "-", "_") }

// with carries the AWS configuration to iceberg's S3 file system, which would
// otherwise load its own each time it opens the bucket.
func (l *Lake) with(ctx context.Context) context.Context { return utils.WithAwsConfig(ctx, l.aws) }

// load returns the table as the catalog has it now. ctx comes from with.
func (l *Lake) load(ctx context.Context, id TableID) (*table.Table, error) {
	return l.loadTable(ctx, id.identifier())
}

func (l *Lake) loadTable(ctx context.Context, identifier table.Identifier) (*table.Table, error) {
	tbl, err := l.catalog.LoadTable(ctx, identifier)
	if err != nil {
		return nil, classify(fmt.Errorf("loading table: %w", err))
	}
	return tbl, nil
}
