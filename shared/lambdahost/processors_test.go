package lambdahost_test

import (
	"testing"

	"github.com/headwaterhq/headwater/shared/lambdahost"
)

func TestProcessorsFollowMemory(t *testing.T) {
	for megabytes, want := range map[int]int{128: 1, 512: 1, 1769: 1, 2048: 1, 3008: 2, 3538: 2, 5307: 3, 10240: 6} {
		if got := lambdahost.Processors(megabytes); got != want {
			t.Errorf("%d MB: %d, want %d", megabytes, got, want)
		}
	}
}
