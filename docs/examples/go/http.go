package graytag

import "net/http"

// Handler keeps what is to be passed on, in the context of each request that it hands to next.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(Keep(r.Context(), r.Header)))
	})
}

// Transport passes it on with each request whose context has it. It is for services of the mesh:
// others need not know.
type Transport struct{ Base http.RoundTripper }

// RoundTrip adds to a copy: the request is its caller's.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	for name, values := range Kept(r.Context()) {
		// What the caller or a tracing library has set goes first.
		if len(out.Header.Values(name)) == 0 {
			out.Header[name] = values
		}
	}
	return t.Base.RoundTrip(out)
}
