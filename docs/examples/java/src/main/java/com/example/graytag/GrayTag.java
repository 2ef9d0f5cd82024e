package com.example.graytag;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.client.ClientHttpRequestInterceptor;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ExchangeFilterFunction;

/** Passes the tag on: from the request that a thread serves to those that it makes for it. */
public final class GrayTag extends OncePerRequestFilter {
    /** One is enough: the first with {@code carrier: header}, the second with {@code carrier: baggage}. */
    private static final List<String> HEADERS = List.of("x-gray-version", "baggage");

    private static final ThreadLocal<HttpHeaders> KEPT = ThreadLocal.withInitial(HttpHeaders::new);

    @Override
    protected void doFilterInternal(
            HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        HttpHeaders kept = KEPT.get();
        HEADERS.forEach(name -> kept.addAll(name, Collections.list(request.getHeaders(name))));
        try {
            chain.doFilter(request, response);
        } finally {
            KEPT.remove();
        }
    }

    /** {@code RestClient.builder().requestInterceptor(GrayTag.forRestClient())}; also of a RestTemplate. */
    public static ClientHttpRequestInterceptor forRestClient() {
        return (request, body, execution) -> {
            passOn(request.getHeaders());
            return execution.execute(request, body);
        };
    }

    /** {@code WebClient.builder().filter(GrayTag.forWebClient())}, subscribed to by the serving thread. */
    public static ExchangeFilterFunction forWebClient() {
        return (request, next) ->
                next.exchange(ClientRequest.from(request).headers(GrayTag::passOn).build());
    }

    private static void passOn(HttpHeaders headers) {
        HttpHeaders kept = KEPT.get();
        for (String name : HEADERS) {
            // What the caller or a tracing library has set goes first.
            if (headers.getOrEmpty(name).isEmpty()) {
                headers.addAll(name, kept.getOrEmpty(name));
            }
        }
    }
}
