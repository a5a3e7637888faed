// Package dynamo runs the official DynamoDB Local and makes the tables that the template declares.
package dynamo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/headwaterhq/headwater/scripts/local/process"
	"github.com/headwaterhq/headwater/scripts/local/template"
)

// What can keep DynamoDB Local from starting, in words for whoever starts the stack.
var (
	ErrNoJava = errors.New("DynamoDB Local needs Java 17, and there is no java on the PATH")
	ErrNoJar  = errors.New("DynamoDB Local is not there; run scripts/tools/install.sh")
)

const (
	startLimit = 60 * time.Second // a loaded machine takes its time
	stopLimit  = 5 * time.Second
)

// Config is what DynamoDB Local runs with.
type Config struct {
	Program string // the directory of DynamoDBLocal.jar
	Dir     string // where the tables are kept
	Port    int    // 0: a free one
	Region  string
	LogPath string
	Nursery *process.Nursery
	Tables  []template.Table
}

// Server is a running DynamoDB Local.
type Server struct {
	URL    string
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start starts it, waits until it answers, and makes the tables that are missing.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, ErrNoJava
	}
	if _, err := os.Stat(filepath.Join(cfg.Program, "DynamoDBLocal.jar")); err != nil {
		return nil, ErrNoJar
	}
	for _, dir := range []string{cfg.Dir, filepath.Dir(cfg.LogPath)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("making a directory for DynamoDB Local: %w", err)
		}
	}
	if cfg.Port == 0 {
		if cfg.Port, err = freePort(); err != nil {
			return nil, err
		}
	}
	log, err := os.OpenFile(cfg.LogPath, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of DynamoDB Local: %w", err)
	}
	defer log.Close() // the child has its own copy
	cmd := exec.Command(java, "-Xmx256m", "-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar",
		"-dbPath", cfg.Dir, "-sharedDb", "-port", strconv.Itoa(cfg.Port))
	cmd.Dir = cfg.Program
	cmd.Stdout, cmd.Stderr = log, log
	if err := cfg.Nursery.Start(cmd); err != nil {
		return nil, fmt.Errorf("starting DynamoDB Local: %w", err)
	}
	s := &Server{URL: "http://127.0.0.1:" + strconv.Itoa(cfg.Port), cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(s.exited)
	}()
	client := s.client(cfg.Region)
	if err := s.await(ctx, client); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for _, t := range cfg.Tables {
		if err := makeTable(ctx, client, t); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *Server) client(region string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(s.URL), Region: region, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

func (s *Server) await(ctx context.Context, client *dynamodb.Client) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		_, err := client.ListTables(ctx, &dynamodb.ListTablesInput{})
		if err == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-s.exited:
			return errors.New("DynamoDB Local ended at once; its log says why")
		case <-ctx.Done():
			return fmt.Errorf("waiting for DynamoDB Local: %w", ctx.Err())
		}
	}
}

// Close asks the process to end, kills it if it does not, and waits for it.
func (s *Server) Close() error {
	_ = process.Signal(s.cmd, syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(stopLimit):
		_ = process.Signal(s.cmd, syscall.SIGKILL)
		<-s.exited
	}
	return nil
}

// freePort finds a port that is free now; DynamoDB Local cannot pick one itself.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
