//go:build unix

// Package dynamolocal runs the official DynamoDB Local for the tests of one package.
package dynamolocal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/headwaterhq/headwater/scripts/local/process"
)

// Server is a running DynamoDB Local that keeps everything in memory.
type Server struct {
	URL    string
	cmd    *exec.Cmd
	exited chan struct{}
}

// Run starts the server, sets *server, runs the package's tests and stops the
// server. It is for TestMain, which exits with its result. On Linux the kernel kills the server also
// when the test binary dies.
func Run(m *testing.M, server **Server) (code int) {
	nursery := process.NewNursery()
	defer nursery.Close()
	s, err := start(nursery)
	if err != nil {
		fmt.Fprintln(os.Stderr, "These tests need DynamoDB Local:", err)
		return 1
	}
	defer s.stop()
	*server = s
	return m.Run()
}

func start(nursery *process.Nursery) (*Server, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, errors.New("install Java 17; there is no java on the PATH")
	}
	program, err := directory()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(java, "-Xmx256m", "-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar",
		"-inMemory", "-sharedDb", "-port", strconv.Itoa(port))
	cmd.Dir = program
	if err := nursery.Start(cmd); err != nil {
		return nil, fmt.Errorf("starting it: %w", err)
	}
	s := &Server{URL: "http://127.0.0.1:" + strconv.Itoa(port), cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // it is killed in the end
		close(s.exited)
	}()
	if err := s.await(); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// directory finds the unpacked program from any package of the module.
func directory() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding it: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			break
		}
		if at == filepath.Dir(at) {
			return "", errors.New("the tests do not run inside the module")
		}
		at = filepath.Dir(at)
	}
	program := filepath.Join(at, ".local", "tools", "amplify-dynamodb-simulator", "emulator")
	if _, err := os.Stat(filepath.Join(program, "DynamoDBLocal.jar")); err != nil {
		return "", errors.New("it is not in .local/tools; make test puts it there")
	}
	return program, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// await waits until the server answers; a loaded machine takes its time.
func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := s.Client(func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 })
	for {
		if _, err := client.ListTables(ctx, &dynamodb.ListTablesInput{}); err == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-s.exited:
			return errors.New("it ended at once: is the java on the PATH version 17 or later?")
		case <-ctx.Done():
			return errors.New("it did not answer within a minute")
		}
	}
}

func (s *Server) stop() {
	_ = s.cmd.Process.Kill() // it may have ended by itself
	<-s.exited
}

// Client returns a client of the server.
func (s *Server) Client(options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(s.URL), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, options...)
}
