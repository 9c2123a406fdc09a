/** The sign-in is over: nobody is signed in any more. */
export class SignedOut extends Error {}
