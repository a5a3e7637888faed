package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog/glue"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	icebergio "github.com/apache/iceberg-go/io"
	_ "github.com/apache/iceberg-go/io/gocloud/s3" // registers s3:// and no other cloud
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	_ "modernc.org/sqlite" // registers the database driver "sqlite"
)

// catalogName is the catalog's name within the SQL database.
const catalogName = "headwater"

// openAWS loads the SDK's configuration once. All S3 and Glue clients share its
// credentials cache, which refreshes before expiry, and its connections.
func (l *Lake) openAWS(ctx context.Context, cfg Config) error {
	buildable := awshttp.NewBuildableClient()
	options := []func(*config.LoadOptions) error{config.WithHTTPClient(buildable)}
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if configured, ok := loaded.HTTPClient.(*awshttp.BuildableClient); ok { // with AWS_CA_BUNDLE, say
		buildable = configured
	}
	client := &http.Client{Transport: buildable.GetTransport(), CheckRedirect: sameMethod}
	loaded.HTTPClient = client
	l.aws = &loaded
	l.closers = append(l.closers, func() error {
		client.CloseIdleConnections()
		return nil
	})
	return nil
}

// sameMethod follows the redirects that repeat a request as it is, as the SDK's
// own client does, whose connections cannot be closed.
func sameMethod(r *http.Request, _ []*http.Request) error {
	if code := r.Response.StatusCode; code == http.StatusTemporaryRedirect || code == http.StatusPermanentRedirect {
		return nil
	}
	return http.ErrUseLastResponse
}

func (l *Lake) openCatalog(cfg Config) error {
	properties := iceberg.Properties{"warehouse": l.warehouse}
	if cfg.Region != "" {
		properties[icebergio.S3Region] = cfg.Region
	}
	if cfg.S3Endpoint != "" {
		properties[icebergio.S3EndpointURL] = cfg.S3Endpoint
	}
	if cfg.Catalog == Glue {
		return l.openGlue(properties)
	}
	return l.openSQL(cfg.URI, properties)
}

// openGlue is as thin as it is because no Glue runs on a laptop: what is above
// it is the same for both catalogs and tested with the other one, and this part
// is tested against a server with Glue's published answers.
func (l *Lake) openGlue(properties iceberg.Properties) error {
	opened, err := glue.NewCatalog(glue.WithAwsConfig(*l.aws), glue.WithAwsProperties(glue.AwsProperties(properties)))
	if err != nil {
		return fmt.Errorf("opening the Glue catalog: %w", err)
	}
	l.catalog = opened
	l.closers = append(l.closers, opened.Close)
	return nil
}

func (l *Lake) openSQL(uri string, properties iceberg.Properties) error {
	dsn, err := sqliteDSN(uri)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return fmt.Errorf("opening the SQL catalog: %w", err)
	}
	opened, err := sqlcatalog.NewCatalog(catalogName, db, sqlcatalog.SQLite, properties)
	if err != nil {
		return errors.Join(fmt.Errorf("opening the SQL catalog: %w", err), db.Close())
	}
	l.catalog = opened
	l.closers = append(l.closers, opened.Close, db.Close)
	return nil
}

// sqliteDSN adds what several processes on one database need: readers that do
// not block the writer (WAL), waiting for a lock instead of failing, and write
// transactions that take their lock at the start, since one that began with a
// read could not wait for it.
func sqliteDSN(uri string) (string, error) {
	path, query := (&url.URL{Path: uri}).EscapedPath(), ""
	if dsn, ok := strings.CutPrefix(uri, "file:"); ok {
		path, query, _ = strings.Cut(dsn, "?")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", errors.New("the catalog URI's query cannot be parsed")
	}
	values.Add("_pragma", "busy_timeout(15000)")
	values.Add("_pragma", "journal_mode(WAL)")
	values.Set("_txlock", "immediate")
	return "file:" + path + "?" + values.Encode(), nil
}
