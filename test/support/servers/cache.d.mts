/** Where what tests prepare is kept between runs, outside of the checkout; made where it is not there. */
export function cacheDirectory(): string
