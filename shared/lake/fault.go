package lake

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/headwaterhq/headwater/shared/fault"
)

// conflictAttempts bounds how often a change is rebuilt on a newer version of
// its table before the caller is told to come again later.
const conflictAttempts = 12

// classify gives an error of iceberg, AWS or SQLite its code. An error that has
// one keeps it.
func classify(err error) error {
	if _, coded := fault.As(err); err == nil || coded {
		return err
	}
	switch {
	case errors.Is(err, catalog.ErrNoSuchTable), errors.Is(err, catalog.ErrNoSuchNamespace):
		return fault.Wrap(fault.LakeTableMissing, "", err)
	case errors.Is(err, table.ErrCommitFailed):
		return conflict(err)
	case retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary:
		return fault.Wrap(fault.Throttled, "", err)
	case retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary,
		strings.Contains(err.Error(), "database is locked"): // SQLite's own text; its error types are the driver's
		return fault.Wrap(fault.Unavailable, "", err)
	}
	return err
}

func conflict(err error) error { return fault.Wrap(fault.LakeConflict, "", err) }

func namespaceExists(err error) bool {
	return errors.Is(err, catalog.ErrNamespaceAlreadyExists) || errors.As(err, new(*gluetypes.AlreadyExistsException))
}

// commitError decides what a failed commit on top of base means. Catalogs name
// a lost race in several ways, or in none, so the table itself is asked: if it
// is no longer the one that the change was built on, that is a conflict.
func (l *Lake) commitError(ctx context.Context, base *table.Table, err error) error {
	if errors.Is(err, table.ErrCommitFailed) {
		return conflict(err)
	}
	now, loadErr := l.catalog.LoadTable(ctx, base.Identifier())
	if loadErr == nil && now.MetadataLocation() != base.MetadataLocation() {
		return conflict(err)
	}
	return classify(err)
}

// retryConflicts repeats try, which must begin from the table as it is, while it
// reports a conflict. It waits a random time between, growing to two seconds.
func (l *Lake) retryConflicts(ctx context.Context, try func() (string, error)) (string, error) {
	wait := 10 * time.Millisecond
	for attempt := 1; ; attempt++ {
		result, err := try()
		if fault.CodeOf(err) != fault.LakeConflict || attempt == conflictAttempts {
			return result, err
		}
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return "", context.Cause(ctx)
		case <-timer.C:
		}
		wait = min(2*wait, 2*time.Second)
	}
}
