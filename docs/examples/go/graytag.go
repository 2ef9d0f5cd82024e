// Package graytag passes the tag on: from the request that a service serves to those that it
// makes for it.
package graytag

import (
	"context"
	"net/http"
)

// Headers are what is passed on. One of the two is enough: the first where the policy has
// `carrier: header`, the second where it has `carrier: baggage`.
var Headers = []string{"X-Gray-Version", "Baggage"}

type key struct{}

// Keep returns a context that holds what is to be passed on of a request.
func Keep(ctx context.Context, header http.Header) context.Context {
	kept := http.Header{}
	for _, name := range Headers {
		if values := header.Values(name); len(values) > 0 {
			kept[name] = values
		}
	}
	return context.WithValue(ctx, key{}, kept)
}

// Kept returns what Keep has put into a context.
func Kept(ctx context.Context) http.Header {
	kept, _ := ctx.Value(key{}).(http.Header)
	return kept
}
