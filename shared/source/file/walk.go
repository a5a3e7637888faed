package file

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
)

// walk goes through the data files below a prefix in the order of their keys,
// and hands out each table as soon as no file to come can belong to it: the keys
// of a directory stand together. So it holds only the tables of the directories
// that the current key is in, however many tables there are.
type walk struct {
	files *Files
	token string // cursor of the store's page
	page  Page
	next  int    // of page.Objects
	after string // the last key that was seen
	ended bool
	open  []*listing // tables that may get more files, outermost first
}

// walkCursor is where a walk goes on, also in another process.
type walkCursor struct {
	Token string   `json:"token,omitempty"`
	After string   `json:"after,omitempty"`
	Open  []string `json:"open,omitempty"`
}

func (w *walk) cursor() string {
	c := walkCursor{Token: w.token, After: w.after}
	for _, l := range w.open {
		c.Open = append(c.Open, l.name)
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic("file: cursors always marshal: " + err.Error())
	}
	return string(b)
}

// newWalk begins at a cursor, at the beginning when it is empty.
func (f *Files) newWalk(ctx context.Context, cursor string) (*walk, error) {
	var c walkCursor
	if cursor != "" {
		if err := json.Unmarshal([]byte(cursor), &c); err != nil {
			return nil, fault.Wrap(fault.WorkerInvalidCall, "the cursor is not one of a discovery of files", err)
		}
	}
	w := &walk{files: f, after: c.After}
	for _, name := range c.Open {
		w.open = append(w.open, &listing{name: name, unlisted: true})
	}
	return w, w.fetch(ctx, c.Token)
}

func (w *walk) fetch(ctx context.Context, token string) (err error) {
	w.token, w.next = token, 0
	w.page, err = w.files.store.List(ctx, w.files.layout.prefix, token)
	return err
}

// tables returns the next tables, about n of them; after the last of them the walk has ended.
func (w *walk) tables(ctx context.Context, n int) (done []*listing, err error) {
	for len(done) < n && !w.ended {
		if w.next == len(w.page.Objects) {
			if w.page.Next == "" {
				w.ended = true
				done = append(done, w.leave("")...)
				break
			}
			if err := w.fetch(ctx, w.page.Next); err != nil {
				return nil, err
			}
			continue
		}
		obj := w.page.Objects[w.next]
		w.next++
		if obj.Key <= w.after {
			continue
		}
		w.after = obj.Key
		if p, ok := w.files.layout.place(obj.Key); ok {
			done = append(done, w.leave(obj.Key)...)
			if l := w.enter(p.table); !l.unlisted { // else all its files are listed again
				l.add(obj, p)
			}
		}
	}
	for i, l := range done {
		if !l.unlisted {
			continue
		}
		// An earlier process saw the first of its files.
		if done[i], err = w.files.listTable(ctx, l.name, nil); err != nil {
			return nil, err
		}
	}
	return done, nil
}

// leave closes the tables of the directories that key is not in; "" is in none.
func (w *walk) leave(key string) (done []*listing) {
	for len(w.open) > 0 {
		last := w.open[len(w.open)-1]
		if key != "" && strings.HasPrefix(key, w.files.layout.prefixOf(last.name)) {
			break
		}
		done = append(done, last)
		w.open = w.open[:len(w.open)-1]
	}
	return done
}

// enter returns the table, which is the innermost open one, or a new one below it.
func (w *walk) enter(table string) *listing {
	if n := len(w.open); n > 0 && w.open[n-1].name == table {
		return w.open[n-1]
	}
	l := w.files.newListing(table)
	w.open = append(w.open, l)
	return l
}

func (f *Files) newListing(table string) *listing {
	return &listing{name: table, keep: max(f.limits.footerFiles, f.limits.sampleFiles)}
}

// listTable lists the files of one table. see, if not nil, gets each of them.
func (f *Files) listTable(ctx context.Context, table string, see func(Object)) (*listing, error) {
	l := f.newListing(table)
	for cursor := ""; ; {
		page, err := f.store.List(ctx, f.layout.prefixOf(table), cursor)
		if err != nil {
			return nil, err
		}
		for _, obj := range page.Objects {
			if p, ok := f.layout.place(obj.Key); ok && p.table == table {
				l.add(obj, p)
				if see != nil {
					see(obj)
				}
			}
		}
		if cursor = page.Next; cursor == "" {
			return l, nil
		}
	}
}
