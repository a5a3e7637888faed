package controlapi

import "github.com/headwaterhq/headwater/shared/httpapi"

// pageOf reads the two parameters of a list.
func pageOf(list httpapi.List, asked *int32, cursor string) (limit int, after string, err error) {
	if limit, err = httpapi.Limit(asked); err != nil {
		return 0, "", err
	}
	after, err = list.After(cursor)
	return limit, after, err
}
