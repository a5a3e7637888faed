package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/scripts/platforms"
	"github.com/headwaterhq/headwater/scripts/simulation"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/objectstore"
	"github.com/headwaterhq/headwater/shared/source"
)

const workspace = "chaos"

// scene is the laptop stack in bad weather, with a connection to each platform.
type scene struct {
	*demo.Stage
	weather     *weather
	api         *demo.Client
	places      []simulation.Place
	connections []string // by place
	store       *dynamostore.Store
	functions   *awslambda.Client
	lake        *lake.Lake
	objects     *objectstore.Store // the lake's bucket
	secrets     []string
	tally       tally
	closers     []func() error // closed last to first
}

func open(ctx context.Context, dir string, w *weather) (*scene, error) {
	s := &scene{weather: w}
	if err := s.open(ctx, dir); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *scene) open(ctx context.Context, dir string) error {
	endpoints, err := s.startPlatforms(ctx)
	if err != nil {
		return err
	}
	s.Stage, err = demo.NewStage(ctx, demo.StageConfig{Dir: dir, HoldSchedules: true, Endpoints: endpoints, Between: s.weather.between})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.Stage.Close)
	s.weather.spared = s.Platform.ID
	s.secrets = append(s.secrets, s.Customer.Secret)
	for name, value := range s.Environ() { // the lake finds its credentials there
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	at := func(url string) aws.Config {
		cfg := s.AWS()
		cfg.BaseEndpoint = aws.String(url)
		return cfg
	}
	s.store = dynamostore.New(dynamodb.NewFromConfig(at(s.URLs.DynamoDB)), s.Table)
	s.functions = awslambda.NewFromConfig(at(s.URLs.Lambda), func(o *awslambda.Options) { o.RetryMaxAttempts = 1 })
	s.lake, err = lake.Open(ctx, lake.Config{
		Catalog: lake.SQL, URI: filepath.Join(dir, "catalog.db"), Warehouse: "s3://" + s.Bucket + "/" + names.LakePrefix, Region: "us-east-1", S3Endpoint: s.URLs.S3,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.lake.Close)
	client := s3.NewFromConfig(at(s.URLs.S3), func(o *s3.Options) { o.UsePathStyle = true })
	s.objects = objectstore.New(client, s.Bucket)
	s.places = append(s.places, simulation.InFiles("s3", map[string]any{"bucket": demo.SourceBucket, "region": "us-east-1"},
		map[string]any{"method": "access_key", "access_key_id": s.Customer.ID, "secret_access_key": s.Customer.Secret},
		func(ctx context.Context, name string, body []byte) error {
			_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(demo.SourceBucket), Key: &name, Body: bytes.NewReader(body)})
			return err
		}))
	if s.api, err = s.NewClient(ctx, workspace); err != nil {
		return err
	}
	return s.connect(ctx)
}

// startPlatforms starts all platforms but S3, each behind the weather.
func (s *scene) startPlatforms(ctx context.Context) (map[string]string, error) {
	google, err := platforms.StartGoogle(ctx)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() error { google.Close(); return nil })
	if s.places, err = simulation.InGoogle(ctx, google); err != nil {
		return nil, err
	}
	place, snowflake, err := simulation.InSnowflake(ctx)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() error { snowflake.Close(); return nil })
	s.places = append(s.places, place)
	s.secrets = append(s.secrets, google.Secret, snowflake.Secret)
	endpoints := google.Endpoints()
	endpoints[source.EndpointSnowflake] = snowflake.URL
	for service, at := range endpoints {
		front := s.weather.inFront
		if service == source.EndpointBigQueryStorage { // gRPC
			front = s.weather.inFrontOfStream
		}
		url, stop, err := front(service, at)
		if err != nil {
			return nil, err
		}
		s.closers = append(s.closers, func() error { stop(); return nil })
		endpoints[service] = url
	}
	return endpoints, nil
}

// connect makes a connection to each platform, in good weather.
func (s *scene) connect(ctx context.Context) error {
	for _, p := range s.places {
		table := simulation.NewSource(1, time.Now)
		table.Day()
		if err := p.Put(ctx, table.Rows); err != nil {
			return fmt.Errorf("filling the table in %s: %w", p.Platform, err)
		}
		var c struct{ ID, Status string }
		if err := s.api.Post(ctx, "/v1/connections", map[string]any{
			"name": p.Platform, "platform": p.Platform, "settings": p.Settings, "credentials": p.Credentials,
		}, &c); err != nil {
			return err
		}
		err := until(ctx, func() (bool, error) {
			err := s.api.Get(ctx, "/v1/connections/"+c.ID, &c)
			return c.Status != "processing", err
		})
		if err == nil && c.Status != "active" {
			err = errors.New("it is " + c.Status)
		}
		if err != nil {
			return fmt.Errorf("connecting to %s: %w", p.Platform, err)
		}
		s.connections = append(s.connections, c.ID)
	}
	return nil
}

func (s *scene) close() error {
	var errs []error
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		errs = append(errs, s.closers[last]())
		s.closers = s.closers[:last]
	}
	return errors.Join(errs...)
}

// patience is how long a run may take. A state machine tries a step for up to two minutes, and a run has four.
const patience = 15 * time.Minute

// until asks until the answer is yes, for as long as patience lasts.
func until(ctx context.Context, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if yes, err := ask(); err != nil || yes {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("still waiting: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
