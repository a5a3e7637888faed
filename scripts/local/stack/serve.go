package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/access"
)

// drainLimit is what answers that are under way have when the stack ends.
const drainLimit = 2 * time.Second

// serve serves on 127.0.0.1, on a free port if it is 0. The function that it returns ends the server and waits for it.
func serve(port int, h http.Handler) (url string, stop func() error, err error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return "", nil, fmt.Errorf("listening: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	return "http://" + l.Addr().String(), func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
		defer cancel()
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		<-done
		return err
	}, nil
}

// newKey makes a key that lives as long as the stack is up, and is in no file. DynamoDB Local takes letters and digits only.
func newKey(grants ...access.Grant) access.Key {
	return access.Key{ID: "AKIA" + rand.Text()[:16], Secret: rand.Text() + rand.Text(), Grants: grants}
}
