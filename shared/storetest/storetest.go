// Package storetest is what every store of connections and imports must keep:
// one suite, for the table and for memory.
package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// Store is what the suite tests.
type Store interface {
	connection.Store
	ingest.Store
	ingest.RunKeys
	ingest.PartPages
}

// Run tests the stores that open returns: each test gets an empty one of its own.
func Run(t *testing.T, open func(testing.TB) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"Connection":  testConnection,
		"Validation":  testValidation,
		"Requested":   testRequested,
		"Counts":      testPlatformCounts,
		"Settlement":  testSettlement,
		"Active":      testActive,
		"Overdue":     testOverdue,
		"Import":      testImport,
		"Due":         testDue,
		"OpenRun":     testOpenRun,
		"MoveRun":     testMoveRun,
		"RepeatRun":   testRepeatRun,
		"Released":    testReleased,
		"Redriven":    testRedriven,
		"Replayed":    testReplayed,
		"Handed on":   testHandedOn,
		"Watermark":   testWatermark,
		"Update":      testUpdateImport,
		"Unstarted":   testUnstarted,
		"Split":       testSplit,
		"RecordPart":  testRecordPart,
		"Pages":       testPages,
		"Isolation":   testIsolation,
		"Races":       testRaces,
		"Copies":      testCopies,
		"Odd ids":     testOddIDs,
		"Many splits": testManySplits,
		"Run key":     testRunKey,
		"Destroyed":   testDestroyedRunKey,
		"Parts from":  testPartsFrom,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// noon is when the tests take place; what they write has more than milliseconds.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123_456_789, time.UTC)

// ms is a time as a store gives it back.
func ms(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Transformer("ms", ms)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func ok(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// did fails the test unless a conditional write was done, or refused, as wanted.
func did(t *testing.T, what string, want, got bool, err error) {
	t.Helper()
	ok(t, what, err)
	if got != want {
		t.Fatalf("%s = %t, want %t", what, got, want)
	}
}

func fails(t *testing.T, what string, err error, want fault.Code) {
	t.Helper()
	if !errors.Is(err, &fault.Error{Code: want}) {
		t.Errorf("%s: error %v, want %s", what, err, want)
	}
}

// race calls f from many goroutines at the same moment and returns what it returned to each.
func race[T any](f func(n int) T) []T {
	const racers = 64
	results := make([]T, racers)
	start := make(chan struct{})
	var group sync.WaitGroup
	for n := range racers {
		group.Go(func() {
			<-start
			results[n] = f(n)
		})
	}
	close(start)
	group.Wait()
	return results
}
