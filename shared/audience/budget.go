package audience

import (
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/headwaterhq/headwater/shared/fault"
)

// DefaultMaximumBytes is how much a preview keeps of people in memory, of a function with 2 GB: as much
// again may be garbage before it is collected, and the rest is for what is being read.
const DefaultMaximumBytes = 640 << 20

// What people take in memory, in bytes; texts take what is in them too.
const (
	bytesPerPerson     = 80  // the name's entry in an index that has just grown
	bytesPerClaim      = 48  // claim
	bytesPerValue      = 16  // what an interface holds
	bytesPerMembership = 200 // its entry in an index that has just grown, and values
	bytesPerText       = 24  // of a text of which the length is not known yet
)

// budget is the memory that the crowds of a preview share.
type budget struct {
	maximum int64
	left    atomic.Int64
}

func newBudget(maximum int64) *budget {
	b := &budget{maximum: maximum}
	b.left.Store(maximum)
	return b
}

// account is what one crowd owes to a budget.
type account struct {
	budget     *budget
	paid, owed int64
}

func (a *account) owe(bytes int) { a.owed += int64(bytes) }

// pay takes what is owed from the budget. What a batch adds is owed before it is paid: that is not much.
func (a *account) pay() error {
	left := a.budget.left.Add(-a.owed)
	a.paid, a.owed = a.paid+a.owed, 0
	if left < 0 {
		return fault.New(fault.AudienceTooLarge, fmt.Sprintf("what is to be known of people takes more than %d MiB of memory", a.budget.maximum>>20))
	}
	return nil
}

// close gives back what was paid.
func (a *account) close() { a.budget.left.Add(a.paid) }

// bytesOf is what a value of valuesOf takes beside the interface.
func bytesOf(value any) int {
	switch v := value.(type) {
	case nil, bool:
		return 0
	case string:
		return bytesPerValue + roundedUp(len(v))
	case json.RawMessage:
		return bytesPerValue + roundedUp(len(v))
	}
	return bytesPerValue
}

// roundedUp is about what a text takes: memory is handed out in pieces of some sizes.
func roundedUp(length int) int { return (length + 15) &^ 15 }

// perPerson is about what a person takes.
func (c *compiler) perPerson() int64 {
	slots := int64(c.slots())
	return bytesPerPerson + bytesPerText + slots*(bytesPerClaim+2*bytesPerText) + 8*int64(len(c.activities)+1)
}
