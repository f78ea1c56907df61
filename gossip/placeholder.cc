// see the headers
