//go:build unix

package dynamostore_test

import (
	"os"
	"testing"

	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/storetest"
	"github.com/headwaterhq/headwater/shared/storetest/dynamolocal"
)

var peer *dynamolocal.Server

func TestMain(m *testing.M) { os.Exit(dynamolocal.Run(m, &peer)) }

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Store { return dynamostore.New(peer.Client(), peer.Table(t)) })
}
