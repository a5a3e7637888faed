package peer_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain makes sure that no query outlives its peer.
func TestMain(m *testing.M) {
	// The client looks for the cloud that it runs in, and unpacks a library;
	// both outlive the tests that they begin in.
	_ = os.Setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
	_ = os.Setenv("SF_DISABLE_MINICORE", "true")
	// Where a test walks away from an asynchronous query, the client waits for
	// somebody to read its end.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/snowflakedb/gosnowflake/v2.(*snowflakeRestful).getAsync"))
}
